// Draws the days of a report as lines, from the table beside them, so that both say the same. The chart follows the
// width of the page, light, dark and paper.
(() => {
  const LEAST_ROOM = 60; // pixels from one week's mark to the next
  const [DAY, MONTH, YEAR] = [86400, 28 * 86400, 365 * 86400];
  // From how many seconds between two marks each is written how, and what is added where a year begins.
  const DATES = [
    [YEAR, "{YYYY}", null, null, null, null, null, null, 1],
    [MONTH, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [DAY, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
    [1, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  ];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const column = (table, series) => [...table.tHead.rows[0].cells].findIndex((cell) => cell.dataset.series === series);
  const rowsOf = (table) => [...table.tBodies[0].rows].filter((row) => "key" in row.dataset);
  const numbers = (table, rows, series) => {
    const place = column(table, series);
    return rows.map((row) => Number(row.cells[place].dataset.value));
  };

  const read = (figure) => {
    const { series, before } = figure.dataset;
    const table = document.getElementById(figure.dataset.table);
    const rows = rowsOf(table);
    const names = series.split(" ");
    const read = {
      labels: rows.map((row) => row.querySelector("th").textContent),
      words: names.map((name) => table.tHead.rows[0].cells[column(table, name)].textContent),
      xs: rows.map((row) => Date.parse(`${row.dataset.key}T00:00Z`) / 1000),
      ys: names.map((name) => numbers(table, rows, name)),
    };
    if (before) {
      const then = document.getElementById(before);
      const values = numbers(then, rowsOf(then), names[0]);
      read.words.push(`${read.words[0]} before`);
      read.ys.push(rows.map((_, place) => values[place] ?? null));
    }
    return read;
  };

  const line = (label, place, isBefore) => {
    if (isBefore) return { label, stroke: colour("--line-0"), width: 1, dash: [4, 4], points: { show: false } };
    const dash = [undefined, [10, 5], [3, 4]][place];
    return { label, stroke: colour(`--line-${place + 1}`), width: 2.5, dash, points: { size: 5 } };
  };

  // What is under the pointer, in words; the table has the same for whoever has none.
  const tip = (what) => {
    const box = document.createElement("div");
    box.className = "tip";
    box.hidden = true;
    const move = (plot) => {
      const { idx, left } = plot.cursor;
      box.hidden = idx === null || idx === undefined || left < 0;
      if (box.hidden) return;
      const lines = what.words.map((word, place) => `${word}: ${what.ys[place][idx]?.toLocaleString("en") ?? "–"}`);
      box.textContent = [what.labels[idx], ...lines].join("\n");
      const isRight = left > plot.over.clientWidth / 2;
      box.style.left = isRight ? "" : `${plot.over.offsetLeft + left + 12}px`;
      box.style.right = isRight ? `${plot.over.clientWidth - left + 12}px` : "";
      box.style.top = `${plot.over.offsetTop + 8}px`;
    };
    return { hooks: { ready: (plot) => plot.root.append(box), setCursor: move } };
  };

  // Weeks are marked where they begin, as many as there is room for: the first, if cut to a few days, may have none.
  const isWeekly = ({ xs }) => xs.length > 2 && xs.at(-1) - xs.at(-2) === 7 * DAY;
  const onPoints = (xs) => (plot, _, first, last) => {
    const room = ((last - first) * LEAST_ROOM) / plot.width;
    return xs.reduceRight((marks, x) => (marks.length && marks[0] - x < room ? marks : [x, ...marks]), []);
  };

  const axes = (what) => {
    const look = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const whole = { ...look, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7] };
    const overTime = { ...look, grid: { show: false } };
    if (isWeekly(what)) return [{ ...overTime, values: DATES.slice(-1), splits: onPoints(what.xs) }, whole];
    return [{ ...overTime, values: DATES }, whole];
  };

  const draw = (figure) => {
    figure.chart?.destroy();
    const place = figure.querySelector(".plot");
    const what = read(figure);
    const isBefore = (at) => figure.dataset.before && at === what.ys.length - 1;
    const series = what.words.map((word, at) => line(word, at, isBefore(at)));
    figure.chart = new uPlot({
      width: place.clientWidth,
      height: place.clientHeight,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.05] } },
      axes: axes(what),
      series: [{}, ...series],
      plugins: [tip(what)],
    }, [what.xs, ...what.ys], place);
  };

  const figures = [...document.querySelectorAll("figure.chart")];
  const drawAll = () => figures.forEach(draw);
  const fit = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const { chart } = target.closest("figure");
      if (chart && Math.abs(chart.width - target.clientWidth) > 1) draw(target.closest("figure"));
    }
  });
  drawAll();
  for (const figure of figures) fit.observe(figure.querySelector(".plot"));
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", drawAll);
})();
