import { describe, expect, it } from 'vitest';
import shared from '../../tests/conditions/vectors.json';
import type { Field, TypeMeta } from '../src/api/types';
import { evaluate, holds } from '../src/lib/condition';
import { Draft } from '../src/record/draft';

interface Vectors { record: Record<string, string | number | boolean | null>; cases: [string, boolean][] }

const vectors = shared as unknown as Vectors;
const record = Object.fromEntries(Object.entries(vectors.record).map(([name, value]) => [name, typeof value === 'number' ? BigInt(value) : value]));

describe('conditions', () => {
  it('has vectors', () => { expect(vectors.cases.length).toBeGreaterThan(80); });
  it.each(vectors.cases)('%s is %s', (text, wanted) => { expect(evaluate(text, record)).toBe(wanted); });
});

const label = { zh: '字段', en: 'Field' };
const fields: Field[] = [
  { name: 'reason', label, type: 'choice' },
  { name: 'account', label, type: 'ref', requiredWhen: "reason == 'other'", visibleWhen: "reason != 'gain'" },
  { name: 'note', label, type: 'text', readOnlyWhen: 'account != null' },
];
const line: Field[] = [{ name: 'price', label, type: 'decimal', decimals: 2 }, { name: 'why', label, type: 'text', requiredWhen: "price.lt('0')" }];
const type = {
  name: 'slip', resource: 'slips', kind: 'document', label, titleField: 'number', fields, states: [], actions: [], list: { columns: [] },
  tables: [{ name: 'lines', label, fields: line }],
} as unknown as TypeMeta;

describe('a form with conditions', () => {
  it('shows, demands and keeps by them', () => {
    const draft = new Draft(type, { id: '1', version: 1, reason: 'gain', account: { id: 'a', code: 'A' }, note: 'n', lines: [] });
    const [, account, note] = fields as [Field, Field, Field];
    expect(draft.when(account)).toEqual({ hidden: false, required: false, fixed: false });
    draft.holds = holds;
    expect(draft.when(account).hidden).toBe(true);
    expect(draft.when(note).fixed).toBe(true);
    draft.setHead('reason', 'other');
    draft.setHead('account', null);
    expect(draft.when(account)).toEqual({ hidden: false, required: true, fixed: false });
    expect([...draft.faults('en').keys()]).toEqual(['account']);
    // What may be changed is told by the record as it is stored, not by what is being typed.
    expect(draft.when(note).fixed).toBe(true);
    draft.setHead('account', { id: 'b', code: 'B' });
    const key = draft.addRow('lines', false, { price: '-1.00' });
    expect([...draft.faults('en').keys()]).toEqual(['lines[0].why']);
    draft.setCell('lines', key, 'price', '1');
    expect([...draft.faults('en').keys()]).toEqual([]);
  });
});
