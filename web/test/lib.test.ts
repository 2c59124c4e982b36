import { describe, expect, it } from 'vitest';
import { liveIn, parseDate, showInstant, today } from '../src/lib/dates';
import { groupDecimal, parseDecimal, shiftDecimal, sumDecimals, usedDecimals } from '../src/lib/decimal';
import { nextSort, splitFilter } from '../src/list/list-state';
import { parseSearch, writeSearch } from '../src/app/search';
import { restDecimal, typedDecimal } from '../src/lib/values';
import { uuid } from '../src/lib/uuid';
import { en } from '../src/i18n/en';
import { zh } from '../src/i18n/zh';

describe('the business date', () => {
  it('is that of the tenant, wherever the browser is', () => {
    const evening = new Date('2026-11-24T16:05:00Z');
    liveIn('Asia/Shanghai');
    expect([today(evening), showInstant('2026-11-24T16:05:00Z')]).toEqual(['2026-11-25', '2026-11-25 00:05']);
    liveIn('America/New_York');
    expect(today(evening)).toBe('2026-11-24');
    liveIn('Nowhere/Zone');
    expect(today(evening)).toMatch(/^2026-11-2[45]$/);
    liveIn(undefined);
  });
});

describe('typed dates', () => {
  const now = '2026-11-24';
  it.each([
    ['1124', '2026-11-24'], ['305', '2026-03-05'], ['5', '2026-11-05'], ['250131', '2025-01-31'], ['20240229', '2024-02-29'],
    ['2024-2-9', '2024-02-09'], ['11/3', '2026-11-03'], ['t', now], ['+5', '2026-11-29'], ['-24', '2026-10-31'], ['１１２４', '2026-11-24'],
  ])('%s is %s', (typed, date) => expect(parseDate(typed, now)).toBe(date));
  it.each(['1332', '20230229', 'abc', '', '2026-13-01'])('%s is no date', (typed) => expect(parseDate(typed, now)).toBeNull());
});

describe('decimals', () => {
  it.each([['1,234.50', '1234.50'], ['１２。５', '12.5'], ['-0012', '-12'], ['.5', '0.5'], ['13%', '0.13'], ['¥ 3', '3']])('reads %s as %s', (typed, plain) =>
    expect(parseDecimal(typed)).toBe(plain));
  it.each(['', '1.2.3', 'abc', '--1', '.'])('refuses %s', (typed) => expect(parseDecimal(typed)).toBeNull());
  it('groups without rounding', () => {
    expect(groupDecimal('-1234567.5', 2)).toBe('-1,234,567.50');
    expect(groupDecimal('0.123456', 2)).toBe('0.123456');
  });
  it('sums exactly', () => {
    expect(sumDecimals(['0.1', '0.2', '', null])).toBe('0.3');
    expect(sumDecimals(['99999999999999999.99', '0.01'])).toBe('100000000000000000.00');
    expect(sumDecimals(['-1.50', '1'])).toBe('-0.50');
    expect(sumDecimals(['x'])).toBeNull();
  });
  it('counts the decimals that matter', () => expect(usedDecimals('1.2300')).toBe(2));
});

describe('places', () => {
  it('keeps filters readable and leaves blanks out', () => {
    const text = writeSearch({ q: '', 'noteDate[gte]': '2026-01-01', state: 'draft' });
    expect(text).toBe('?noteDate[gte]=2026-01-01&state=draft');
    expect(parseSearch(text)).toEqual({ 'noteDate[gte]': '2026-01-01', state: 'draft' });
    expect(splitFilter('noteDate[gte]')).toEqual({ name: 'noteDate', operator: 'gte' });
  });
  it('sorts up, down, not at all; the usual column up and down', () => {
    expect([nextSort('', 'a'), nextSort('a', 'a'), nextSort('-a', 'a')]).toEqual(['a', '-a', '']);
    expect([nextSort('-a', 'a', '-a'), nextSort('a', 'a', '-a')]).toEqual(['a', '-a']);
  });
});

it('makes ids that sort by time', () => {
  expect(uuid(1_700_000_000_000) < uuid(1_700_000_000_001)).toBe(true);
  expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it('says the same things in both languages, with the same blanks', () => {
  const blanks = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect(blanks(en[key]), key).toEqual(blanks(zh[key]));
});

describe('rates', () => {
  const rate = { name: 'vatRate', type: 'decimal' as const, kind: 'rate' as const, decimals: 10, label: { zh: '', en: '' } };
  it.each([['0.1300000000', '13%'], ['0', '0%'], ['0.0050', '0.5%'], ['1.00', '100%'], ['-0.25', '-25%']])('%s rests as %s', (value, shown) => expect(restDecimal(rate, value)).toBe(shown));
  it.each([['13', '0.13'], ['13%', '0.13'], ['0.13', '0.13'], ['0.5%', '0.005'], ['100', '1'], ['0', '0'], ['1.5', '0.015']])('%s is typed for %s', (typed, value) => expect(typedDecimal(rate, typed)).toBe(value));
  it('a rate of exchange is a plain factor', () => {
    const factor = { ...rate, name: 'exchangeRate' };
    expect([restDecimal(factor, '7.1200000000'), typedDecimal(factor, '7.12')]).toEqual(['7.12', '7.12']);
  });
  it('shifts digit by digit', () => expect([shiftDecimal('12.3456', 2), shiftDecimal('5', 2), shiftDecimal('0.07', 2)]).toEqual(['1234.56', '500', '7']));
});
