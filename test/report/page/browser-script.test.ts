import { readFile } from 'node:fs/promises';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { reportOn, row, writeJob } from '../support/job-on-disk.js';
import { opened } from '../support/opened-page.js';

/** As much of a browser as the page's own script asks for. */
class Element {
  value = '';
  hidden = false;
  textContent = '';
  clientWidth = 800;
  dataset: Readonly<Record<string, string>> = {};
  cells: Element[] = [];
  tBodies: { rows: Element[] }[] = [];
  readonly #listeners = new Map<string, () => void>();
  isFocused = false;

  addEventListener(event: string, run: () => void): void {
    this.#listeners.set(event, run);
  }
  fire(event: string): void {
    this.#listeners.get(event)?.();
  }
  focus(): void {
    this.isFocused = true;
  }
}

interface PlotSeries {
  readonly label: string;
  readonly value: string | ((plot: null, height: null, series: null, at: number) => string);
}

interface Plot {
  readonly options: {
    readonly series: readonly PlotSeries[];
    readonly axes: readonly { readonly incrs?: readonly number[] }[];
  };
  readonly data: readonly (readonly (number | null)[])[];
}

function withText(text: string): Element {
  const element = new Element();
  element.textContent = text;
  return element;
}

async function openPage() {
  const unavailable = {
    status: 'failed',
    httpStatus: 503,
    attempts: 6,
    reason: { code: 'unavailable', text: 'Busy' },
  } as const;
  const refused = { status: 'refused', httpStatus: 400, reason: { code: 'target-refused', text: 'No' } } as const;
  const files = await writeJob({
    results: [row(1), row(2, unavailable), row(3, refused), row(40, unavailable), row(41)],
  });
  const page = opened(await readFile((await reportOn(files)).path, 'utf8'));

  const byId = new Map<string, Element>();
  const element = (id: string) => {
    const found = byId.get(id) ?? new Element();
    byId.set(id, found);
    return found;
  };
  element('chart-data').textContent = JSON.stringify(page.island);
  const rows = page.rejected.map((cells) => Object.assign(new Element(), { cells: cells.map(withText) }));
  element('rejected-rows').tBodies = [{ rows }];
  element('search-bar').hidden = true;
  const button = Object.assign(new Element(), { dataset: { find: 'unavailable', status: 'failed' }, hidden: true });

  const plots: Plot[] = [];
  class UPlot {
    static paths = { stepped: () => null, bars: () => null };
    readonly options: Plot['options'];
    readonly data: Plot['data'];
    constructor(options: Plot['options'], data: Plot['data']) {
      this.options = options;
      this.data = data;
      plots.push(this);
    }
    destroy(): void {
      plots.splice(plots.indexOf(this), 1);
    }
  }
  const scheme = new Element();
  const context = createContext({
    uPlot: UPlot,
    document: {
      getElementById: element,
      querySelector: () => new Element(),
      querySelectorAll: () => [button],
      documentElement: null,
    },
    getComputedStyle: () => ({ getPropertyValue: () => ' #123456' }),
    matchMedia: () => scheme,
    ResizeObserver: class {
      observe(): void {}
    },
  });
  const script = page.scripts[1] ?? '';
  runInContext(script, context);
  const search = (words: string) => {
    element('search').value = words;
    element('search').fire('input');
    return rows.filter(({ hidden }) => !hidden).map(({ cells }) => cells[0]?.textContent);
  };
  return { page, plots, element, rows, button, scheme, search };
}

describe("the page's script", () => {
  it('finds rows by all of the words, in any cell and in any case', async () => {
    const { search, element } = await openPage();
    expect(element('search-bar').hidden).toBe(false);
    expect(search('503')).toEqual(['2', '40']);
    expect(search('  BUSY  c40 ')).toEqual(['40']);
    expect(element('search-found').textContent).toBe('1 of 3 rows below');
    expect(search('nowhere')).toEqual([]);
    expect(search('')).toEqual(['2', '3', '40']);
    expect(element('search-found').textContent).toBe('All 3 rows below');
  });

  it('does not find what only two cells side by side would make', async () => {
    const { search } = await openPage();
    expect(search('23')).toEqual([]);
  });

  it('narrows the search to one outcome', async () => {
    const { search, element } = await openPage();
    element('search-status').value = 'refused';
    expect(search('')).toEqual(['3']);
  });

  it('leads from a reason to its rows', async () => {
    const { button, element, rows } = await openPage();
    expect(button.hidden).toBe(false);
    button.fire('click');
    expect(rows.map(({ hidden }) => hidden)).toEqual([false, true, false]);
    expect(element('search').isFocused).toBe(true);
  });

  it('draws each chart, stacks outcomes, and says the figures themselves', async () => {
    const { plots, page } = await openPage();
    expect(plots).toHaveLength(page.island.charts.length);
    const [rowsPlot] = plots;
    expect(rowsPlot?.options.series.map(({ label }) => label)).toEqual(['from', 'failed', 'refused', 'submitted']);
    // Second 2 of the run: one failed, over none refused, over none submitted; second 3: one refused.
    expect(rowsPlot?.data.slice(1).map((heights) => heights.slice(0, 3))).toEqual([
      [1, 1, 1],
      [1, 0, 1],
      [1, 0, 0],
    ]);
    const said = rowsPlot?.options.series[3]?.value;
    expect(typeof said === 'function' && said(null, null, null, 0)).toBe('1 row (1 a second)');
  });

  it('counts rows and attempts in whole ticks', async () => {
    const { plots, page } = await openPage();
    for (const [index, { kind }] of page.island.charts.entries()) {
      const ticks = plots[index]?.options.axes[1]?.incrs;
      if (kind === 'log') expect(ticks).toBeUndefined();
      else expect(ticks?.slice(0, 4)).toEqual([1, 2, 5, 10]);
    }
  });

  it('says times in the zone of the page and in UTC', async () => {
    const { plots } = await openPage();
    const said = plots[0]?.options.series[0]?.value;
    const heading = typeof said === 'function' ? said : () => '';
    // The first argument that uPlot hands in is the plot, the second the time in seconds.
    expect(Reflect.apply(heading, null, [null, Date.UTC(2026, 0, 30, 20) / 1000])).toBe(
      '2026-01-30 21:00:00 (20:00:00 UTC)',
    );
    expect(Reflect.apply(heading, null, [null, null])).toBe('');
  });

  it('draws again when the system changes between light and dark', async () => {
    const { plots, scheme } = await openPage();
    const before = [...plots];
    scheme.fire('change');
    expect(plots).toHaveLength(before.length);
    expect(plots[0]).not.toBe(before[0]);
  });
});
