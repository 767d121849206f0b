import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** uPlot as it stands in a page. */
export interface ChartLibrary {
  /** Its licence and its script, which makes `uPlot`. */
  readonly script: string;
  readonly style: string;
}

const { resolve } = createRequire(import.meta.url);

function readPart(name: string): Promise<string> {
  return readFile(resolve(`uplot/${name}`), 'utf8');
}

/** Reads the charts' library from the installed package. Its licence asks to be kept with every copy. */
export async function readChartLibrary(): Promise<ChartLibrary> {
  const [script, style, licence] = await Promise.all([
    readPart('dist/uPlot.iife.min.js'),
    readPart('dist/uPlot.min.css'),
    readPart('LICENSE'),
  ]);
  // A browser reads CR LF as LF before it compares a script with the policy's hash of it.
  const asRead = (text: string) => text.replaceAll('\r\n', '\n');
  return {
    script: asRead(`/*! ${licence.replaceAll('*/', '* /')}*/\n${script.replaceAll('</script', '<\\/script')}`),
    style: asRead(style),
  };
}
