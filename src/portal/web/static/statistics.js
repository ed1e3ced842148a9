/* Draws the charts of the statistics page from the figures that stand in it. */
'use strict';
(function () {
  var dark = matchMedia('(prefers-color-scheme: dark)').matches;
  var tones = dark
    ? { 1: '#76bfe8', 2: '#5cc9a0', 3: '#e0a850', 4: '#b49be8', bad: '#f08b86' }
    : { 1: '#0b5c8a', 2: '#1f8f66', 3: '#c07a12', 4: '#6c4fb3', bad: '#c0352f' };
  var style = getComputedStyle(document.documentElement);
  var ink = style.getPropertyValue('--ink-soft').trim();
  var line = style.getPropertyValue('--line').trim();
  var numbers = new Intl.NumberFormat('fr-FR');
  Chart.defaults.color = ink;
  Chart.defaults.borderColor = line;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.animation = matchMedia('(prefers-reduced-motion: reduce)').matches ? false : { duration: 250 };

  /* Long names stand on several lines, three at most. */
  function inLines(text) {
    var all = text.split(' ').reduce(function (lines, word) {
      var last = lines[lines.length - 1];
      if (last && (last + ' ' + word).length <= 24) lines[lines.length - 1] = last + ' ' + word;
      else lines.push(word);
      return lines;
    }, []);
    return all.length > 3 ? all.slice(0, 2).concat(all[2] + '…') : all;
  }

  /* The figure of that row and series in the table below, when it leads into the trail. */
  function linkOf(canvas, element) {
    var row = canvas.closest('section').querySelectorAll('tbody tr')[element.index];
    return row && row.cells[element.datasetIndex + 1].querySelector('a');
  }

  function nearest(chart, event) {
    return chart.getElementsAtEventForMode(event, 'nearest', { intersect: true }, false)[0];
  }

  function draw(canvas) {
    var chart = JSON.parse(canvas.dataset.chart);
    if (chart.horizontal) canvas.parentNode.style.height = Math.max(272, 90 + chart.labels.length * 52) + 'px';
    var value = {
      beginAtZero: true,
      stacked: chart.stacked,
      ticks: { precision: 0, maxTicksLimit: 6, callback: numbers.format },
      border: { display: false },
    };
    if (chart.logarithmic) {
      value.type = 'logarithmic';
      value.ticks = {
        maxTicksLimit: 6,
        callback: function (at) {
          return Number.isInteger(Math.log10(at)) ? numbers.format(at) : '';
        },
      };
    }
    var label = {
      stacked: chart.stacked,
      grid: { display: false },
      ticks: { maxRotation: 0, autoSkip: !chart.horizontal },
    };
    new Chart(canvas, {
      type: chart.type,
      data: {
        labels: chart.horizontal ? chart.labels.map(inLines) : chart.labels,
        datasets: chart.series.map(function (one) {
          return {
            label: one.name,
            data: one.values,
            backgroundColor: tones[one.tone],
            borderColor: tones[one.tone],
            borderWidth: chart.type === 'line' ? 2 : 0,
            borderRadius: chart.stacked ? 0 : 3,
            pointRadius: chart.labels.length > 45 ? 0 : 2,
            maxBarThickness: 26,
            pointHitRadius: 8,
            cubicInterpolationMode: 'monotone',
          };
        }),
      },
      options: {
        maintainAspectRatio: false,
        onClick: function (event, _, chart) {
          var element = nearest(chart, event);
          var link = element && linkOf(canvas, element);
          if (link) location.assign(link.href);
        },
        onHover: function (event, _, chart) {
          var element = nearest(chart, event);
          canvas.style.cursor = element && linkOf(canvas, element) ? 'pointer' : '';
        },
        indexAxis: chart.horizontal ? 'y' : 'x',
        interaction: { mode: 'index', intersect: false, axis: chart.horizontal ? 'y' : 'x' },
        scales: chart.horizontal ? { x: value, y: label } : { x: label, y: value },
        plugins: {
          legend: { position: 'bottom', labels: { boxWidth: 12, boxHeight: 12 } },
        },
      },
    });
  }
  document.querySelectorAll('canvas[data-chart]').forEach(draw);
})();
