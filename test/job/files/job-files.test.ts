import { describe, expect, it } from 'vitest';
import { isJobFile, isTempFileOf, jobFilesOf, sortFiles } from '../../../src/job/files/job-files.js';

const plain = { out: null, name: null, sandbox: false };

describe('jobFilesOf', () => {
  it('puts the files beside FILE, under its whole name', () => {
    expect(jobFilesOf('data/drop.csv', plain)).toEqual({
      folder: 'data',
      stem: 'drop.csv',
      results: 'data/drop.csv.results.csv',
      rejects: 'data/drop.csv.rejects.csv',
      rejectsReasons: 'data/drop.csv.rejects.reasons.csv',
      checkpoint: 'data/drop.csv.checkpoint.json',
      summary: 'data/drop.csv.summary.json',
      report: 'data/drop.csv.report.html',
      spool: 'data/drop.csv.spool',
      spoolNext: 'data/drop.csv.spool.next',
      lock: 'data/drop.csv.lock',
      verify: 'data/drop.csv.verify.csv',
      verifyState: 'data/drop.csv.verify.json',
      verifyLock: 'data/drop.csv.verify.lock',
      notFound: 'data/drop.csv.not-found.csv',
    });
  });

  it('counts rounds of rejects, so that their names do not grow', () => {
    const first = jobFilesOf('x/a.csv.rejects.csv', plain);
    expect(first.rejects).toBe('x/a.csv.rejects-2.csv');
    expect(first.rejectsReasons).toBe('x/a.csv.rejects-2.reasons.csv');
    expect(first.results).toBe('x/a.csv.rejects.csv.results.csv');
    expect(jobFilesOf(first.rejects, plain).rejects).toBe('x/a.csv.rejects-3.csv');
    expect(isJobFile('a.csv.rejects-3.csv') && isJobFile('a.csv.rejects-3.reasons.csv')).toBe(true);
    expect(isTempFileOf('a.csv.rejects.csv', 'a.csv.rejects-2.csv.0a4c.tmp')).toBe(true);
    expect(isTempFileOf('a.csv', 'a.csv.rejects-2.csv.0a4c.tmp')).toBe(false);
  });

  it('follows --out, --name and --sandbox', () => {
    expect(jobFilesOf('data/drop.csv', { ...plain, out: '/o' }).results).toBe('/o/drop.csv.results.csv');
    expect(jobFilesOf('data/drop.csv', { ...plain, name: 'night' }).lock).toBe('data/night.lock');
    expect(jobFilesOf('data/drop.csv', { ...plain, sandbox: true }).summary).toBe('data/drop.csv.sandbox.summary.json');
    expect(jobFilesOf('-', { ...plain, name: 'night' }).spool).toBe('night.spool');
  });

  it('asks for a name where there is none, and refuses one that is none', () => {
    expect(() => jobFilesOf('-', plain)).toThrow(expect.objectContaining({ code: 'name-missing', exitStatus: 2 }));
    for (const name of ['', '.', '..', 'a/b', '../x', 'a\\b']) {
      expect(() => jobFilesOf('drop.csv', { ...plain, name })).toThrow(
        expect.objectContaining({ code: 'name-unusable' }),
      );
    }
    expect(() => jobFilesOf('/', plain)).toThrow(expect.objectContaining({ code: 'name-unusable' }));
  });

  it('refuses a job that would write over its own FILE', () => {
    const refused = expect.objectContaining({ code: 'file-is-job-file', exitStatus: 2 });
    expect(() => jobFilesOf('data/drop.csv.rejects.csv', { ...plain, name: 'drop.csv' })).toThrow(refused);
    expect(() => jobFilesOf('x.spool', { out: '../x/..', name: 'x', sandbox: false })).not.toThrow();
    expect(() => jobFilesOf('x.spool', { out: './y/..', name: 'x', sandbox: false })).toThrow(refused);
    expect(() => jobFilesOf('drop.csv.rejects.csv', plain)).not.toThrow();
  });
});

describe('isJobFile', () => {
  it('knows what jobs write', () => {
    const all = [
      'a.results.csv',
      'a.rejects.csv',
      'a.checkpoint.json',
      'a.summary.json',
      'a.report.html',
      'a.spool',
      'a.spool.next',
      'a.lock',
    ];
    for (const name of all) expect(isJobFile(name), name).toBe(true);
    for (const name of all) expect(isJobFile(`${name}.0a4c3f2b1a00.tmp`), name).toBe(true);
    for (const name of ['a.csv', 'results.csv', 'a.csv.gz', 'a.json', 'a.lock.csv', 'a.tmp'])
      expect(isJobFile(name), name).toBe(false);
  });
});

describe('isTempFileOf', () => {
  it('tells the temp files of one job from those of its neighbours', () => {
    expect(isTempFileOf('a.csv', 'a.csv.checkpoint.json.0a4c.tmp')).toBe(true);
    expect(isTempFileOf('a.csv', 'a.csv.lock.0a4c-old.tmp')).toBe(true);
    for (const name of ['a.csv.checkpoint.json', 'a.csv.gz.lock.0a4c.tmp', 'b.a.csv.lock.0a4c.tmp', 'a.csv.lock.tmp']) {
      expect(isTempFileOf('a.csv', name), name).toBe(false);
    }
  });
});

describe('sortFiles', () => {
  it('passes over the job files of other FILEs, as a glob hands them in', () => {
    const globbed = [
      'd/a.csv',
      'd/a.csv.2026-11-23T151704Z-2.rejects.csv',
      'd/a.csv.rejects.csv',
      'd/a.csv.rejects.csv.results.csv',
      'd/a.csv.results.csv',
      'd/a.csv.sandbox.2026-11-23T151704Z.results.csv',
      'd/a.csv.sandbox.rejects.csv',
      'd/b.csv',
    ];
    const { sendable, passedOver } = sortFiles(globbed, plain);
    expect(sendable).toEqual(['d/a.csv', 'd/b.csv']);
    expect(passedOver).toContainEqual({ file: 'd/a.csv.results.csv', jobFileOf: 'd/a.csv' });
    expect(passedOver).toHaveLength(6);
  });

  it('takes what only looks like a job file: rejects are there to be sent', () => {
    for (const files of [
      ['a.csv.rejects.csv'],
      ['b.csv', 'a.csv.rejects.csv'],
      ['a.csv', 'x/a.csv.rejects.csv'],
      ['a.csv', 'a.csv.copy.csv'],
    ]) {
      expect(sortFiles(files, plain)).toEqual({ sendable: files, passedOver: [] });
    }
  });

  it('knows them in --out too', () => {
    expect(sortFiles(['in/a.csv', 'o/a.csv.rejects.csv'], { ...plain, out: 'o' }).sendable).toEqual(['in/a.csv']);
  });

  it('refuses FILEs whose job files would have the same names', () => {
    const clash = expect.objectContaining({ code: 'files-clash', exitStatus: 2 });
    expect(() => sortFiles(['x/a.csv', 'y/a.csv'], { ...plain, out: 'o' })).toThrow(clash);
    expect(() => sortFiles(['a.csv', './a.csv'], plain)).toThrow(clash);
    expect(() => sortFiles(['x/a.csv', 'y/a.csv'], plain)).not.toThrow();
    expect(() => sortFiles(['a.csv', 'b.csv'], { ...plain, name: 'n' })).toThrow(
      expect.objectContaining({ code: 'name-several', exitStatus: 2 }),
    );
    expect(sortFiles(['a.csv'], { ...plain, name: 'n' }).sendable).toEqual(['a.csv']);
  });
});
