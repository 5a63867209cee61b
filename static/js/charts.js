// Draws the charts of a page from its JSON (#charts-data): after loading, after htmx has swapped, when the theme changes.
// Without this script, or without Chart.js, the table under each chart stays open and says the same.
(() => {
  const PALETTE = 8;
  const FORMATS = {
    money: new Intl.NumberFormat("es-AR", { style: "currency", currency: "ARS" }),
    cases: new Intl.NumberFormat("es-AR"),
  };
  const SHORT = new Intl.NumberFormat("es-AR", { notation: "compact", maximumFractionDigits: 1 });
  const drawn = new Map();

  // A token says light-dark(…): only an element knows which of the two it is now.
  const colorOf = (token) => {
    const probe = document.createElement("span");
    probe.hidden = true;
    probe.style.color = `var(--color-${token})`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };

  const say = (unit, value) => FORMATS[unit].format(value);

  const tooltip = (spec) => ({
    callbacks: {
      label: (item) => {
        const value = spec.type === "bars" ? item.parsed.x : spec.type === "doughnut" ? item.parsed : item.parsed.y;
        const name = spec.type === "doughnut" ? item.label : item.dataset.label;
        const lines = [`${name}: ${say(spec.unit, value)}`];
        if (spec.type === "doughnut") {
          const total = item.dataset.data.reduce((sum, each) => sum + Number(each), 0);
          lines.push(`${((value * 100) / total).toLocaleString("es-AR", { maximumFractionDigits: 2 })} % del saldo`);
        }
        const note = item.dataset.notes?.[item.dataIndex];
        return note ? [...lines, note] : lines;
      },
      footer: (items) =>
        spec.type === "stacked" && items.length > 1
          ? `Total: ${say(spec.unit, items.reduce((sum, item) => sum + item.parsed.y, 0))}`
          : "",
    },
  });

  const options = (spec, colors) => {
    const ticks = { color: colors.muted };
    const grid = { color: colors.line };
    const values = { beginAtZero: true, grid, ticks: { ...ticks, callback: (value) => SHORT.format(value) } };
    const names = { grid: { display: false }, ticks: { ...ticks, autoSkip: spec.type !== "bars", maxRotation: 45 } };
    const isStacked = spec.type === "stacked";
    const scales = {
      doughnut: {},
      bars: { x: values, y: names },
      line: { x: { ...names, ticks: { ...ticks, maxTicksLimit: 8 } }, y: values },
      stacked: { x: { ...names, stacked: true }, y: { ...values, stacked: true } },
    }[spec.type];
    return {
      responsive: true,
      maintainAspectRatio: false,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 300 },
      indexAxis: spec.type === "bars" ? "y" : "x",
      interaction: spec.type === "line" || isStacked ? { mode: "index", intersect: false } : { mode: "nearest", intersect: true },
      scales,
      plugins: {
        legend: {
          display: spec.type !== "bars",
          position: "bottom",
          labels: { color: colors.ink, usePointStyle: true, boxHeight: 8 },
        },
        tooltip: tooltip(spec),
      },
      onClick: (event, _items, chart) => {
        const [hit] = chart.getElementsAtEventForMode(event, "nearest", { intersect: true }, true);
        const href = hit && chart.data.datasets[hit.datasetIndex].links?.[hit.index];
        if (href) location.assign(href);
      },
      onHover: (event, items, chart) => {
        const hasLink = items.some((item) => chart.data.datasets[item.datasetIndex].links);
        event.native.target.style.cursor = hasLink ? "pointer" : "default";
      },
    };
  };

  const dress = (spec, dataset, index, colors) => {
    const color = colors.chart[index % PALETTE];
    if (spec.type === "doughnut") {
      const slices = dataset.data.map((_, slice) => colors.chart[slice % PALETTE]);
      return { ...dataset, backgroundColor: slices, borderColor: colors.surface, borderWidth: 2 };
    }
    if (spec.type === "line") {
      const dash = index ? [6, 4] : [];
      return { ...dataset, borderColor: color, backgroundColor: color, borderDash: dash, borderWidth: 2.5, pointRadius: 0, pointHitRadius: 12, tension: 0.15 };
    }
    return { ...dataset, backgroundColor: color, borderColor: colors.surface, borderWidth: 1, borderRadius: 2, maxBarThickness: 44 };
  };

  const draw = () => {
    drawn.forEach((chart) => chart.destroy());
    drawn.clear();
    const source = document.getElementById("charts-data");
    if (!source || !window.Chart) return;
    const colors = {
      ink: colorOf("ink"),
      muted: colorOf("muted"),
      line: colorOf("line"),
      surface: colorOf("surface"),
      chart: Array.from({ length: PALETTE }, (_, index) => colorOf(`chart-${index + 1}`)),
    };
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Object.entries(JSON.parse(source.textContent)).forEach(([name, spec]) => {
      const canvas = document.getElementById(`chart-${name}`);
      if (!canvas) return;
      canvas.closest("[data-script-only]").hidden = false;
      const table = canvas.closest(".chart").querySelector("[data-open-without-script]");
      if (!table.dataset.seen) {
        table.open = false;
        table.dataset.seen = "";
      }
      const types = { stacked: "bar", bars: "bar", line: "line", doughnut: "doughnut" };
      const datasets = spec.datasets.map((dataset, index) => dress(spec, dataset, index, colors));
      const config = { type: types[spec.type], data: { labels: spec.labels, datasets }, options: options(spec, colors) };
      drawn.set(name, new Chart(canvas, config));
    });
  };

  document.addEventListener("DOMContentLoaded", draw);
  document.addEventListener("htmx:afterSettle", draw);
  document.addEventListener("htmx:historyRestore", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
})();
