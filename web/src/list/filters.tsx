import { useQuery } from '@tanstack/react-query';
import { Button, Popover, Select } from 'antd';
import { useState } from 'react';
import { api } from '../api/client';
import type { Field, Json, JsonObject, TypeMeta } from '../api/types';
import { useCommand } from '../app/commands';
import type { Search } from '../app/search';
import { refOf } from '../fields/refs';
import { WIDGETS } from '../fields/registry';
import { useText, type TextKey } from '../i18n';
import { parseDate, SPANS } from '../lib/dates';
import { parseDecimal } from '../lib/decimal';
import { asString, refText, showValue, targetOf } from '../lib/values';
import { fieldOf, filterEntries, filtersOf, splitFilter } from './list-state';

type Change = (change: Search) => void;

/** One condition as it is put together: all conditions have to hold; `in` holds when any of its values does. */
export interface Condition { name: string; operator: string; value: Json }

const isRef = (field: Field) => ['ref', 'user', 'department'].includes(field.type);
const isChoice = (field: Field) => field.type === 'choice' || field.type === 'state';

/** The operators a field takes, the usual one first; `''` is equality. */
export function operatorsOf(field: Field): string[] {
  switch (field.type) {
    case 'date': return ['within', 'gte', 'lte', '', 'isNull'];
    case 'instant': return ['gte', 'lte'];
    case 'decimal': case 'integer': return ['gte', 'lte', '', 'ne'];
    case 'boolean': return [''];
    case 'choice': case 'state': return ['in', 'ne'];
    case 'ref': case 'user': case 'department': return ['in', 'isNull'];
    default: return ['startsWith', '', 'contains', 'isNull'];
  }
}

/** The filters that are conditions; the state has tabs of its own. */
function conditionEntries(search: Search): [string, string][] {
  return filterEntries(search).filter(([key]) => key !== 'state');
}

/** The conditions of a place. */
export function conditionsOf(search: Search): Condition[] {
  return conditionEntries(search).map(([key, value]) => {
    const { name, operator } = splitFilter(key);
    return { name, operator, value };
  });
}

const idsOf = (value: Json): string[] => (Array.isArray(value) ? value.map((v) => (typeof v === 'string' ? v : asString((v as JsonObject | null)?.id))) : asString(value).split(',')).filter((id) => id !== '');

/** The search of conditions; what is not filled in is left out, what a place no longer has is cleared. */
export function searchOfConditions(type: TypeMeta, conditions: Condition[], before: Search): Search {
  const next: Search = Object.fromEntries(conditionEntries(before).map(([key]) => [key, '']));
  for (const { name, operator, value } of conditions) {
    const field = fieldOf(type, name);
    if (!field) {
      // What the builder cannot show, as a condition on a record that is referred to, stays as it stands.
      if (name.includes('.')) next[operator === '' ? name : `${name}[${operator}]`] = asString(value);
      continue;
    }
    const list = operator === 'in' ? idsOf(value) : [];
    const text = operator === 'in' ? list.join(',')
      : field.type === 'date' && operator !== 'within' && operator !== 'isNull' ? (parseDate(asString(value)) ?? '')
        : field.type === 'decimal' || field.type === 'integer' ? (parseDecimal(asString(value)) ?? '')
          : asString(value);
    if (text === '') continue;
    const single = operator === 'in' && list.length === 1;
    next[single || operator === '' ? name : `${name}[${operator}]`] = text;
  }
  return next;
}

function ConditionValue({ field, condition, at, set }: { field: Field; condition: Condition; at: number; set: (value: Json) => void }) {
  const { t, l } = useText();
  const plain: Field = { ...field, required: false, readOnly: false };
  const label = l(field.label, field.name);
  const id = `condition-${at}`;
  const yesNo = [{ value: 'true', label: t('yes') }, { value: 'false', label: t('no') }];
  const select = (options: { value: string; label: string }[]) => (
    <Select id={id} aria-label={label} value={asString(condition.value) || undefined} options={options} onChange={(value: string) => set(value)} popupMatchSelectWidth={false} />
  );
  if (condition.operator === 'isNull' || field.type === 'boolean') return select(yesNo);
  if (condition.operator === 'within') return select(SPANS.map((name) => ({ value: name, label: t(`span.${name}`) })));
  if (condition.operator === 'in' && isChoice(field)) {
    return <Select id={id} mode="multiple" aria-label={label} value={idsOf(condition.value)} options={(field.choices ?? []).map((c) => ({ value: c.value, label: l(c.label, c.value) }))} onChange={(value: string[]) => set(value)} />;
  }
  if (condition.operator === 'in' && isRef(field)) {
    const Many = WIDGETS['ref-list'];
    const target = targetOf(field);
    const value = Array.isArray(condition.value) ? condition.value : idsOf(condition.value);
    return <Many field={{ ...plain, type: 'ref-list', ref: target }} id={id} label={label} value={value} onChange={set} />;
  }
  const Widget = WIDGETS[isChoice(field) ? 'choice' : field.type];
  return <Widget field={plain} id={id} label={label} value={condition.value} onChange={set} />;
}

/** Puts conditions together: field, operator, value; all of them have to hold. */
export function FilterButton({ type, search, change }: { type: TypeMeta; search: Search; change: Change }) {
  const { t, l } = useText();
  const fields = filtersOf(type);
  const [open, setOpen] = useState(false);
  const [draft, setDraft] = useState<Condition[]>([]);
  const fresh = (field: Field | undefined): Condition[] => (field ? [{ name: field.name, operator: operatorsOf(field)[0] ?? '', value: null }] : []);
  const start = () => {
    const now = conditionsOf(search).map((c) => ({ ...c, operator: c.operator === '' && fields.some((f) => f.name === c.name && (isRef(f) || isChoice(f))) ? 'in' : c.operator }));
    setDraft(now.length > 0 ? now : fresh(fields[0]));
    setOpen(true);
  };
  useCommand('filter', fields.length > 0 ? start : null);
  if (fields.length === 0) return null;
  const set = (at: number, part: Partial<Condition>) => setDraft((d) => d.map((c, i) => (i === at ? { ...c, ...part } : c)));
  const apply = () => { change(searchOfConditions(type, draft, search)); setOpen(false); };
  const panel = (
    <form className="filter-panel" onSubmit={(e) => { e.preventDefault(); apply(); }}>
      <div className="muted small filter-rule">{t('filter.rule')}</div>
      {draft.map((condition, at) => {
        const field = fields.find((f) => f.name === condition.name) ?? fieldOf(type, condition.name);
        if (!field) return null;
        return (
          <div key={at} className="filter-line">
            <Select aria-label={t('filter.field')} value={condition.name} options={fields.map((f) => ({ value: f.name, label: l(f.label, f.name) }))} showSearch={{ optionFilterProp: 'label' }}
              onChange={(name: string) => { const next = fresh(fields.find((f) => f.name === name))[0]; if (next) set(at, next); }} />
            <Select aria-label={t('filter.operator')} value={condition.operator} options={operatorsOf(field).map((o) => ({ value: o, label: t(`op.${o === '' ? 'eq' : o}` as TextKey) }))}
              onChange={(operator: string) => set(at, { operator, value: null })} popupMatchSelectWidth={false} />
            <span className="filter-value"><ConditionValue field={field} condition={condition} at={at} set={(value) => set(at, { value })} /></span>
            <button type="button" className="icon-button" aria-label={t('filter.remove', { name: l(field.label, field.name) })} onClick={() => setDraft((d) => d.filter((_, i) => i !== at))}>×</button>
          </div>
        );
      })}
      <div className="filter-foot">
        <Button size="small" type="dashed" onClick={() => setDraft((d) => [...d, ...fresh(fields.find((f) => !d.some((c) => c.name === f.name)) ?? fields[0])])}>+ {t('filter.add')}</Button>
        <span className="grow" />
        <Button size="small" onClick={() => setDraft([])}>{t('list.clear')}</Button>
        <Button size="small" type="primary" htmlType="submit">{t('filter.apply')}</Button>
      </div>
    </form>
  );
  return (
    <Popover open={open} trigger="click" placement="bottomLeft" content={panel} onOpenChange={(next) => { if (next) start(); else setOpen(false); }}>
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

/** The filters in force, each removable. */
export function FilterChips({ type, search, change }: { type: TypeMeta; search: Search; change: Change }) {
  const { t, l } = useText();
  const active = conditionEntries(search);
  if (active.length === 0) return null;
  return (
    <div className="chips">
      {active.map(([key, value]) => {
        const { name, operator } = splitFilter(key);
        const field = fieldOf(type, name);
        const withStates = field?.type === 'state' ? { ...field, choices: type.states } : field;
        const [head = name] = name.split('.');
        const label = l((field ?? fieldOf(type, head))?.label, name);
        return (
          <span key={key} className="chip">
            {label} {SIGNS[operator] ?? ':'} <ChipValue field={withStates} operator={operator} value={value} />
            <button type="button" aria-label={t('filter.remove', { name: label })} onClick={() => change({ [key]: '' })}>×</button>
          </span>
        );
      })}
      <button type="button" className="link-button" onClick={() => change(Object.fromEntries(active.map(([key]) => [key, ''])))}>{t('list.clear')}</button>
    </div>
  );
}

