import { expect, test } from 'vitest';
import type { ReportMeta } from '../src/api/types';
import { drillOf } from '../src/report/drill';

const label = { zh: '', en: '' };
const report: ReportMeta = {
  name: 'r', label, parameters: [], allowed: true,
  drill: [
    { columns: ['in', 'out'], resource: 'moves', with: [{ to: 'gadget.code', column: 'gadget' }, { to: 'date[gte]', parameter: 'from' }, { to: 'date[lte]', parameter: 'to' }] },
    { columns: ['closing'], report: 'other', with: [{ to: 'to', parameter: 'to' }] },
  ],
};

test('a figure leads to the records behind it with the conditions of its row and of the report', () => {
  expect(drillOf(report, 'in', { gadget: 'G1' }, { from: '2026-01-01', to: '2026-02-28' })).toEqual({ resource: 'moves', search: { 'gadget.code': 'G1', 'date[gte]': '2026-01-01', 'date[lte]': '2026-02-28' } });
  expect(drillOf(report, 'closing', {}, { to: '2026-02-28' })).toEqual({ report: 'other', search: { to: '2026-02-28' } });
  expect(drillOf(report, 'out', { gadget: { id: '1', code: 'G2', name: 'Gear' } }, { to: 'x' })?.search).toEqual({ 'gadget.code': 'G2', 'date[lte]': 'x' });
});

test('a figure leads nowhere without its row, or where nothing is declared', () => {
  expect(drillOf(report, 'in', { gadget: null }, { from: 'a' })).toBeNull();
  expect(drillOf(report, 'name', { gadget: 'G1' }, {})).toBeNull();
  expect(drillOf({ ...report, drill: [] }, 'in', { gadget: 'G1' }, {})).toBeNull();
});
