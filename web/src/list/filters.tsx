import { useQuery } from '@tanstack/react-query';
import { Button, Popover, Select } from 'antd';
import { Suspense, useState } from 'react';
import { api } from '../api/client';
import type { Field, JsonObject, TypeMeta } from '../api/types';
import { useCommand } from '../app/commands';
import { Skeleton } from '../app/notice';
import { part } from '../app/part';
import type { Search } from '../app/search';
import { refOf } from '../fields/refs';
import { useText, type TextKey } from '../i18n';
import { SPANS } from '../lib/dates';
import { refText, showValue, targetOf } from '../lib/values';
import { conditionEntries, isRef } from './conditions';
import { alternativesIn, fieldOf, filtersOf, splitFilter } from './list-state';

const FilterPanel = part(() => import('./filter-panel').then((m) => m.default));

type Change = (change: Search) => void;

/** Opens the builder of conditions. */
export function FilterButton({ type, search, change }: { type: TypeMeta; search: Search; change: Change }) {
  const { t } = useText();
  const possible = filtersOf(type).length > 0;
  const [open, setOpen] = useState(false);
  useCommand('filter', possible ? () => setOpen(true) : null);
  if (!possible) return null;
  const panel = open ? <Suspense fallback={<div className="filter-panel"><Skeleton rows={3} /></div>}><FilterPanel type={type} search={search} change={change} close={() => setOpen(false)} /></Suspense> : null;
  return (
    <Popover open={open} trigger="click" placement="bottomLeft" content={panel} onOpenChange={setOpen} destroyOnHidden>
      <Button title="Alt-F">{t('list.filter')}</Button>
    </Popover>
  );
}

/** Quick filters: the span of the document's date, and fields with few values. */
export function QuickFilters({ type, search, change }: { type: TypeMeta; search: Search; change: Change }) {
  const { t, l } = useText();
  const name = type.list.sort?.replace('-', '');
  const date = filtersOf(type).find((f) => f.type === 'date' && f.name === name);
  const choices = filtersOf(type).filter((f) => f.type === 'choice' && (f.choices ?? []).length <= 6).slice(0, 2);
  return (
    <>
      {date ? (
        <Select className="quick" aria-label={l(date.label, date.name)} value={search[`${date.name}[within]`]} placeholder={l(date.label, date.name)} allowClear popupMatchSelectWidth={false}
          options={SPANS.map((span) => ({ value: span, label: t(`span.${span}`) }))} onChange={(span: string | undefined) => change({ [`${date.name}[within]`]: span ?? '', [`${date.name}[gte]`]: '', [`${date.name}[lte]`]: '' })} />
      ) : null}
      {choices.map((field) => (
        <Select key={field.name} className="quick" aria-label={l(field.label, field.name)} value={search[field.name]} placeholder={l(field.label, field.name)} allowClear popupMatchSelectWidth={false}
          options={(field.choices ?? []).map((c) => ({ value: c.value, label: l(c.label, c.value) }))} onChange={(value: string | undefined) => change({ [field.name]: value ?? '', [`${field.name}[in]`]: '' })} />
      ))}
    </>
  );
}

function RefName({ field, id }: { field: Field; id: string }) {
  const target = targetOf(field);
  const record = useQuery({
    queryKey: ['record', target?.cell, target?.resource, id],
    queryFn: () => api<JsonObject>(`/${target?.cell ?? ''}/${target?.resource ?? ''}/${id}`),
    enabled: target !== null,
  });
  return <>{record.data ? refText(refOf(record.data)) : '…'}</>;
}

const SIGNS: Record<string, string> = { gte: '≥', lte: '≤', gt: '>', lt: '<', ne: '≠', startsWith: '^', contains: '∋', in: ':', isNull: '∅', under: '⊃', within: ':' };

function ChipValue({ field, operator, value }: { field: Field | undefined; operator: string; value: string }) {
  const { t, lang } = useText();
  if (!field) return <>{value}</>;
  if (operator === 'isNull') return <>{t(value === 'true' ? 'yes' : 'no')}</>;
  if (operator === 'within') return <>{SPANS.some((s) => s === value) ? t(`span.${value}` as TextKey) : value}</>;
  const parts = operator === 'in' ? value.split(',') : [value];
  return <>{parts.map((part, i) => (
    <span key={part}>{i > 0 ? t('filter.or') : ''}{isRef(field) ? <RefName field={field} id={part} /> : showValue(field, field.type === 'boolean' ? part === 'true' : part, lang)}</span>
  ))}</>;
}

/** What a condition says: field, sign, value. */
function ConditionText({ type, name, value }: { type: TypeMeta; name: string; value: string }) {
  const { l } = useText();
  const { name: path, operator } = splitFilter(name);
  const field = fieldOf(type, path);
  const [head = path] = path.split('.');
  return <>{l((field ?? fieldOf(type, head))?.label, path)} {SIGNS[operator] ?? ':'} <ChipValue field={field?.type === 'state' ? { ...field, choices: type.states } : field} operator={operator} value={value} /></>;
}

/** The filters in force, each removable; alternatives are removed together. */
export function FilterChips({ type, search, change }: { type: TypeMeta; search: Search; change: Change }) {
  const { t, l } = useText();
  const active = conditionEntries(search);
  const groups = alternativesIn(search.or);
  if (active.length === 0 && groups.length === 0) return null;
  return (
    <div className="chips">
      {active.map(([key, value]) => {
        const { name } = splitFilter(key);
        const [head = name] = name.split('.');
        return (
          <span key={key} className="chip">
            <ConditionText type={type} name={key} value={value} />
            <button type="button" aria-label={t('filter.remove', { name: l((fieldOf(type, name) ?? fieldOf(type, head))?.label, name) })} onClick={() => change({ [key]: '' })}>×</button>
          </span>
        );
      })}
      {groups.length > 0 ? (
        <span className="chip chip-or">
          {groups.map((group, at) => (
            <span key={at}>{at > 0 ? <b>{t('filter.or')}</b> : null}{Object.entries(group).map(([key, value], i) => <span key={key}>{i > 0 ? ' · ' : ''}<ConditionText type={type} name={key} value={value} /></span>)}</span>
          ))}
          <button type="button" aria-label={t('filter.remove', { name: t('filter.or').trim() })} onClick={() => change({ or: '' })}>×</button>
        </span>
      ) : null}
      <button type="button" className="link-button" onClick={() => change({ or: '', ...Object.fromEntries(active.map(([key]) => [key, ''])) })}>{t('list.clear')}</button>
    </div>
  );
}
