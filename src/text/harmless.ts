export { harmless, quoted } from './sanitize.js';
