import { expect, test } from 'vitest';
import type { ChartMeta, JsonObject, Panel } from '../src/api/types';
import { optionOf, tipOf, type Look } from '../src/chart/option';
import { isEmpty, labelColumn, pointsOf } from '../src/chart/points';
import { askedOf, figuresOf } from '../src/dash/board';
import { monthStart } from '../src/lib/dates';
import { roundDecimal } from '../src/lib/decimal';
import { showCell } from '../src/report/cells';
import { chartOf } from '../src/report/report-chart';

const columns = [{ name: 'code', label: 'Code', type: 'text' }, { name: 'value', label: 'Value', type: 'amount' }, { name: 'cost', label: 'Cost', type: 'amount' }];
const bars: ChartMeta = { kind: 'bars', by: 'code', values: ['value'], most: 24 };
const rows: JsonObject[] = [
  { code: 'a', value: '5.00', cost: '1.00' }, { code: 'g', value: '99.00', isGroup: true }, { code: 'b', value: '-7.50', cost: '2.00' },
  { code: 'c', value: '0.00', cost: '0.00' }, { code: 'd', value: null },
];

test('a cell keeps an amount digit by digit, and names a reference', () => {
  expect(showCell('amount', '-1234567890123.45')).toBe('-1,234,567,890,123.45');
  expect(showCell('text', { id: '1', code: 'C1', name: 'Kim' })).toBe('C1 Kim');
  expect(showCell('amount', null)).toBe('');
});

test('bars are rows that are no groups, the largest first, whatever their sign', () => {
  const points = pointsOf({ columns, rows }, bars);
  expect([points.labels, points.series[0]?.values, points.rest]).toEqual([['b', 'a'], ['-7.50', '5.00'], 0]);
  expect(points.rows[0]).toBe(rows[2]);
  const many = Array.from({ length: 30 }, (_, i) => ({ code: String(i), value: String(i + 1) }));
  const drawn = pointsOf({ columns, rows: many }, bars);
  expect([drawn.labels.length, drawn.rest, drawn.labels[0]]).toEqual([24, 6, '29']);
});

test('columns and lines keep the order of the rows, the last of them when there are too many', () => {
  const points = pointsOf({ columns, rows }, { kind: 'lines', by: 'code', values: ['value', 'cost'], most: 2 });
  expect([points.labels, points.rest]).toEqual([['b', 'c'], 1]);
  expect(points.series.map((s) => s.values)).toEqual([['-7.50', '0.00'], ['2.00', '0.00']]);
  expect(points.column(0, 1)).toBe('cost');
});

test('totals stand beside each other, and lead to no row', () => {
  const points = pointsOf({ columns, rows, totals: { value: '10.00', cost: '3.00' } }, { kind: 'totals', values: ['value', 'cost'], most: 24 });
  expect([points.labels, points.series[0]?.values, points.rows, points.column(1, 0)]).toEqual([['Value', 'Cost'], ['10.00', '3.00'], [null, null], 'cost']);
});

test('nothing but zeros is nothing to draw', () => {
  expect(isEmpty(pointsOf({ columns, rows: [{ code: 'c', value: '0.00' }] }, { ...bars, kind: 'columns' }))).toBe(true);
  expect(isEmpty(pointsOf({ columns, rows: [] }, bars))).toBe(true);
  expect(isEmpty(pointsOf({ columns, rows }, bars))).toBe(false);
});

test('the tip says the figures as the server wrote them', () => {
  const points = pointsOf({ columns, rows: [{ code: 'x', value: '1234567890123.45', cost: '-1000.00' }] }, { kind: 'columns', by: 'code', values: ['value', 'cost'], most: 9 });
  expect(tipOf(points, 0)).toBe('x\nValue  1,234,567,890,123.45\nCost  -1,000.00');
});

test('a drawing moves nothing, makes no HTML, and tells series apart without colour', () => {
  const look: Look = { text: '#000', muted: '#555', line: '#ddd', surface: '#fff', bad: '#c00', series: ['#00f', '#0f0'], font: 'sans-serif' };
  const points = pointsOf({ columns, rows }, { ...bars, values: ['value', 'cost'] });
  const option = optionOf(points, 'bars', look, { lang: 'en-US', leads: true, narrow: false });
  expect([option.animation, option.tooltip.renderMode, option.aria.decal.show]).toEqual([false, 'richText', true]);
  expect(option.yAxis.type).toBe('category');
  const lines = optionOf(points, 'lines', look, { lang: 'en-US', leads: false, narrow: true });
  expect(lines.series.map((s) => ('lineStyle' in s ? s.lineStyle.type : ''))).toEqual(['solid', 'dashed']);
});

test('a chart is labelled by the column that tells its rows apart', () => {
  const texts = ['code', 'name', 'place'].map((name) => ({ name, label: name, type: 'text' }));
  const named: JsonObject[] = [{ code: 'a', name: 'Gear', place: 'x' }, { code: 'b', name: 'Wrench', place: 'x' }];
  expect(labelColumn({ columns: texts, rows: named })?.name).toBe('name');
});

test('months are drawn in their order, everything else by size', () => {
  const monthly = [{ name: 'month', label: 'Month', type: 'text' }, { name: 'value', label: 'Value', type: 'amount' }];
  expect(chartOf({ columns: monthly, rows: [{ month: '2026-11', value: '1.00' }] }, 'value').kind).toBe('columns');
  expect(chartOf({ columns, rows }, 'value')).toEqual({ ...bars, by: 'code' });
});

const panel: Panel = { label: { zh: '', en: '' }, report: 'r', with: [{ parameter: 'from', monthsAgo: 11 }, { parameter: 'base', value: 'due' }], figures: ['value', 'cost', 'rate', 'none'], chart: bars };

test('a panel asks for whole months and for what is fixed', () => {
  expect(askedOf(panel, '2026-11-24')).toEqual({ from: '2025-12-01', base: 'due' });
  expect([monthStart('2026-01-31', 0), monthStart('2026-01-31', 1), monthStart('2026-03-01', 14)]).toEqual(['2026-01-01', '2025-12-01', '2025-01-01']);
});

test('figures are totals, or the last row where there is none; a rate is a percentage', () => {
  const answer = { columns: [...columns, { name: 'rate', label: 'Rate', type: 'rate' }], rows: [...rows, { code: 'z', value: '1.00', cost: '-8.00' }], totals: { value: '1234.50', rate: '0.23456' } };
  expect(figuresOf(panel, answer).map((f) => [f.label, f.text, f.negative])).toEqual([['Value', '1,234.50', false], ['Cost', '-8.00', true], ['Rate', '23.46 %', false]]);
});

test('a share is rounded half away from zero, digit by digit', () => {
  expect(['31.27467191', '-0.005', '-0.004', '9.995', '7', '.5', '99.999'].map((v) => roundDecimal(v, 2))).toEqual(['31.27', '-0.01', '0.00', '10.00', '7.00', '0.50', '100.00']);
  expect(roundDecimal('2.5', 0)).toBe('3');
});
