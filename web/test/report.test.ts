import { expect, test } from 'vitest';
import { csvOf } from '../src/report/report-page';

const columns = [{ name: 'code', label: 'Code', type: 'text' }, { name: 'value', label: 'Value, net', type: 'amount' }];

test('a report as CSV keeps amounts digit by digit and defuses formulas', () => {
  const rows = [{ code: '=1+1', value: '-1234.50' }, { code: 'say "so"', value: null }];
  expect(csvOf({ columns, rows, totals: { value: '-1234.50' } }, 'Total'))
    .toBe('Code,"Value, net"\r\n\'=1+1,-1234.50\r\n"say ""so""",\r\nTotal,-1234.50\r\n');
});

test('a report without totals has no line for them', () => {
  expect(csvOf({ columns, rows: [], totals: {} }, 'Total')).toBe('Code,"Value, net"\r\n');
});
