/**
 * What runs in the page: draws the charts that stand in its data island (charts.ts) with uPlot, and searches its table.
 * It is text, because it is written into the page as it is; the page's policy allows this very text and uPlot to run.
 */
export const browserScript = String.raw`'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const { timeZone, charts } = JSON.parse(byId('chart-data').textContent);
  const fullCount = new Intl.NumberFormat('en-US');
  const shortCount = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
  const rate = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });

  const duration = (ms) => {
    const trimmed = (value) => String(Number(value.toPrecision(3)));
    if (ms < 1000) return trimmed(ms) + ' ms';
    if (ms < 600e3) return trimmed(ms / 1e3) + ' s';
    if (ms < 7200e3) return trimmed(ms / 60e3) + ' min';
    return trimmed(ms / 3600e3) + ' h';
  };
  const counted = (value) => fullCount.format(value) + (value === 1 ? ' row' : ' rows');
  const secondsOf = ({ xSeconds }) => xSeconds[1] - xSeconds[0];
  const formats = {
    area: {
      full: (value, chart) => counted(value) + ' (' + rate.format(value / secondsOf(chart)) + ' a second)',
      short: (value) => shortCount.format(value),
    },
    bars: { full: (value) => fullCount.format(value), short: (value) => shortCount.format(value) },
    log: { full: duration, short: duration },
  };

  // Rows and attempts are counted: their ticks are whole.
  const wholeTicks = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((first) => first * 10 ** power)).flat();
  // Whole seconds: parts of one would all be labelled alike.
  const secondTicks = [1, 2, 5, 10, 15, 30, ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
    ...[1, 2, 3, 4, 6, 8, 12].map((hours) => hours * 3600), ...[1, 2, 3, 4, 5, 7, 14, 28, 56].map((days) => days * 86400)];
  const wall = (zone) => new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const local = wall(timeZone);
  const utc = wall('UTC');
  const timeText = (seconds) => {
    if (seconds === null || seconds === undefined) return '';
    const here = local.format(seconds * 1000);
    return timeZone === 'UTC' ? here : here + ' (' + utc.format(seconds * 1000).slice(11) + ' UTC)';
  };

  // Ticks by their distance in seconds: the text, and what is added under it where a year, a day or a minute begins.
  const timeTicks = [
    [31536000, '{YYYY}', null, null, null, null, null, null, 1],
    [2419200, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
    [86400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
    [60, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
    [1, '{HH}:{mm}:{ss}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
  ];
  const markers = { fill: 'solid', line: 'solid', dashed: 'dashed', dotted: 'dotted' };
  const dashes = { dashed: [8, 4], dotted: [2, 3] };

  // A stretch between two empty ones can be narrower than a pixel: it gets a point, so that it is seen.
  function alone(values) {
    const isNone = (at) => (values[at] ?? null) === null;
    return values.flatMap((_, at) => (!isNone(at) && isNone(at - 1) && (isNone(at + 1) || at === values.length - 2) ? [at] : []));
  }

  function seriesOf(chart, drawn, colour) {
    const isFill = drawn.shape === 'fill';
    const stepped = uPlot.paths.stepped({ align: 1 });
    const bars = uPlot.paths.bars({ size: [0.85, 120], align: 1 });
    const series = {
      label: drawn.label,
      stroke: colour,
      width: isFill ? 0 : 2,
      paths: isFill && chart.kind === 'bars' ? bars : stepped,
      points: { show: chart.kind === 'log', size: 5, fill: colour, filter: () => alone(drawn.values) },
      // Under the pointer stand the figures themselves, not the heights that they are stacked to.
      value: (_, __, ___, at) => {
        const value = at === null ? null : drawn.values[at];
        return value === null ? '' : formats[chart.kind].full(value, chart);
      },
    };
    if (isFill) series.fill = colour;
    if (dashes[drawn.shape]) series.dash = dashes[drawn.shape];
    return series;
  }

  function stacked(chart) {
    const heights = chart.xSeconds.map(() => 0);
    return chart.series.map(({ values }) => values.map((value, at) => (heights[at] += value)));
  }

  // The highest of a stack is drawn first and the lower ones over it; the legend then reads as the stack does.
  function inDrawingOrder(chart) {
    if (chart.kind !== 'area') return { series: chart.series, heights: chart.series.map(({ values }) => values) };
    return { series: chart.series.toReversed(), heights: stacked(chart).toReversed() };
  }

  function draw(chart) {
    const mount = byId(chart.mount);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const ink = colour('--ink-soft');
    const grid = { stroke: colour('--grid'), width: 1 };
    const font = '12px system-ui, sans-serif';
    const { series, heights } = inDrawingOrder(chart);
    const y = chart.kind === 'log' ? { distr: 3, log: 10 } : { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] };
    const options = {
      width: mount.clientWidth,
      height: mount.clientWidth < 500 ? 200 : 260,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timeZone),
      cursor: { y: false, sync: { key: 'run' } },
      padding: [8, 32, 0, 0],
      scales: { y },
      legend: { markers: { dash: (_, at) => markers[series[at - 1].shape] } },
      axes: [
        { stroke: ink, grid, ticks: grid, font, space: 80, incrs: secondTicks, values: timeTicks },
        {
          stroke: ink, grid, ticks: grid, font, size: 64,
          ...(chart.kind === 'log' ? {} : { incrs: wholeTicks }),
          values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : formats[chart.kind].short(tick))),
        },
      ],
      series: [
        { label: 'from', value: (_, seconds) => timeText(seconds) },
        ...series.map((drawn) => seriesOf(chart, drawn, colour(drawn.colour))),
      ],
    };
    return { mount, plot: new uPlot(options, [chart.xSeconds, ...heights], mount) };
  }

  let drawn = [];
  function drawAll() {
    for (const { plot } of drawn) plot.destroy();
    drawn = charts.map(draw);
  }
  drawAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  new ResizeObserver(() => {
    for (const { mount, plot } of drawn) {
      if (plot.width !== mount.clientWidth) plot.setSize({ width: mount.clientWidth, height: plot.height });
    }
  }).observe(document.querySelector('main'));

  const table = byId('rejected-rows');
  if (table === null) return;
  const words = byId('search');
  const status = byId('search-status');
  const found = byId('search-found');
  const rows = Array.from(table.tBodies[0].rows, (row) => ({
    row,
    status: row.cells[3].textContent,
    text: Array.from(row.cells, (cell) => cell.textContent).join('\n').toLowerCase(),
  }));

  function search() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    let count = 0;
    for (const { row, status: ended, text } of rows) {
      const isFound = (status.value === '' || status.value === ended) && wanted.every((word) => text.includes(word));
      row.hidden = !isFound;
      if (isFound) count += 1;
    }
    const all = fullCount.format(rows.length);
    found.textContent = count === rows.length ? 'All ' + all + ' rows below' : fullCount.format(count) + ' of ' + all + ' rows below';
  }

  words.addEventListener('input', search);
  status.addEventListener('input', search);
  for (const button of document.querySelectorAll('button[data-find]')) {
    button.hidden = false;
    button.addEventListener('click', () => {
      words.value = button.dataset.find;
      status.value = button.dataset.status;
      search();
      words.focus();
    });
  }
  byId('search-bar').hidden = false;
  search();
})();
`;
