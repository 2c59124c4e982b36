import { expect, test } from 'vitest';
import type { JsonObject } from '../src/api/types';
import { showCell } from '../src/report/cells';
import { barsOf, labelColumn } from '../src/report/chart';

test('a cell keeps an amount digit by digit, and names a reference', () => {
  expect(showCell('amount', '-1234567890123.45')).toBe('-1,234,567,890,123.45');
  expect(showCell('text', { id: '1', code: 'C1', name: 'Kim' })).toBe('C1 Kim');
  expect(showCell('amount', null)).toBe('');
});

test('a chart draws rows that are no groups, the largest first, whatever their sign', () => {
  const columns = [{ name: 'code', label: 'Code', type: 'text' }, { name: 'value', label: 'Value', type: 'amount' }];
  const rows: JsonObject[] = [{ code: 'a', value: '5.00' }, { code: 'g', value: '99.00', isGroup: true }, { code: 'b', value: '-7.50' }, { code: 'c', value: '0.00' }, { code: 'd', value: null }];
  expect(barsOf({ columns, rows }, 'value', 'code')).toEqual({ bars: [{ label: 'b', value: '-7.50', size: -7.5 }, { label: 'a', value: '5.00', size: 5 }], rest: 0 });
  const many = Array.from({ length: 30 }, (_, i) => ({ code: String(i), value: String(i + 1) }));
  const drawn = barsOf({ columns, rows: many }, 'value', 'code');
  expect([drawn.bars.length, drawn.rest, drawn.bars[0]?.label]).toEqual([24, 6, '29']);
});

test('a chart is labelled by the column that tells its rows apart', () => {
  const columns = ['code', 'name', 'place'].map((name) => ({ name, label: name, type: 'text' }));
  const rows: JsonObject[] = [{ code: 'a', name: 'Gear', place: 'x' }, { code: 'b', name: 'Wrench', place: 'x' }];
  expect(labelColumn({ columns, rows })?.name).toBe('name');
});
