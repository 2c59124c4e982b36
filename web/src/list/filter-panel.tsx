import { Button, Select } from 'antd';
import { useState } from 'react';
import type { Field, Json, TypeMeta } from '../api/types';
import type { Search } from '../app/search';
import { WIDGETS } from '../fields/registry';
import { useText, useWords, type TextKey } from '../i18n';
import { SPANS } from '../lib/dates';
import { asString, targetOf } from '../lib/values';
import { alternativeFields, conditionsIn, conditionsOf, idsOf, isChoice, isRef, operatorsOf, searchOfConditions, type Condition } from './conditions';
import { alternativesIn, fieldOf, filtersOf } from './list-state';

const WORDS = {
  zh: { all: '以下条件都满足', one: '并且满足以下任一组', or: '或', group: '条件组 {n}', either: '或者（增加一组）', drop: '删除条件组 {n}' },
  en: { all: 'All of these hold', one: 'and one of these groups', or: 'or', group: 'Group {n}', either: 'Or (another group)', drop: 'Remove group {n}' },
};

function ConditionValue({ field, condition, at, set }: { field: Field; condition: Condition; at: string; set: (value: Json) => void }) {
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

interface LinesProps { fields: Field[]; type: TypeMeta; conditions: Condition[]; id: string; set: (conditions: Condition[]) => void }

const fresh = (field: Field | undefined): Condition[] => (field ? [{ name: field.name, operator: operatorsOf(field)[0] ?? '', value: null }] : []);

/** Conditions that all have to hold: field, operator, value. */
function Lines({ fields, type, conditions, id, set }: LinesProps) {
  const { t, l } = useText();
  const put = (at: number, part: Partial<Condition>) => set(conditions.map((c, i) => (i === at ? { ...c, ...part } : c)));
  return (
    <>
      {conditions.map((condition, at) => {
        const field = fields.find((f) => f.name === condition.name) ?? fieldOf(type, condition.name);
        if (!field) return null;
        return (
          <div key={at} className="filter-line">
            <Select aria-label={t('filter.field')} value={condition.name} options={fields.map((f) => ({ value: f.name, label: l(f.label, f.name) }))} showSearch={{ optionFilterProp: 'label' }}
              onChange={(name: string) => { const next = fresh(fields.find((f) => f.name === name))[0]; if (next) put(at, next); }} />
            <Select aria-label={t('filter.operator')} value={condition.operator} options={operatorsOf(field).map((o) => ({ value: o, label: t(`op.${o === '' ? 'eq' : o}` as TextKey) }))}
              onChange={(operator: string) => put(at, { operator, value: null })} popupMatchSelectWidth={false} />
            <span className="filter-value"><ConditionValue field={field} condition={condition} at={`${id}-${at}`} set={(value) => put(at, { value })} /></span>
            <button type="button" className="icon-button" aria-label={t('filter.remove', { name: l(field.label, field.name) })} onClick={() => set(conditions.filter((_, i) => i !== at))}>×</button>
          </div>
        );
      })}
      <Button size="small" type="dashed" data-add={id} onClick={() => set([...conditions, ...fresh(fields.find((f) => !conditions.some((c) => c.name === f.name)) ?? fields[0])])}>+ {t('filter.add')}</Button>
    </>
  );
}

/** Equality of what has few values is shown as one of several. */
const several = (fields: Field[]) => (c: Condition): Condition => ({ ...c, operator: c.operator === '' && fields.some((f) => f.name === c.name && (isRef(f) || isChoice(f))) ? 'in' : c.operator });

/** Puts conditions together: some that all have to hold, and groups of which one has to. */
export default function FilterPanel({ type, search, change, close }: { type: TypeMeta; search: Search; change: (c: Search) => void; close: () => void }) {
  const { t } = useText();
  const w = useWords(WORDS);
  const fields = filtersOf(type);
  const more = alternativeFields(type);
  const [groups, setGroups] = useState<Condition[][]>(() => alternativesIn(search.or).map((group) => conditionsIn(group).map(several(more))));
  const [draft, setDraft] = useState<Condition[]>(() => {
    const now = conditionsOf(search).map(several(fields));
    return now.length > 0 || groups.length > 0 ? now : fresh(fields[0]);
  });
  const apply = () => { change(searchOfConditions(type, draft, search, groups)); close(); };
  const either = () => {
    if (groups.length > 0) { setGroups([...groups, fresh(more[0])]); return; }
    setGroups([draft.length > 0 ? draft : fresh(more[0]), fresh(more[0])]);
    setDraft([]);
  };
  return (
    <form className="filter-panel" onSubmit={(e) => { e.preventDefault(); apply(); }}>
      <div className="muted small filter-rule">{w('all')}</div>
      <Lines fields={fields} type={type} conditions={draft} id="all" set={setDraft} />
      {groups.length > 0 ? <div className="muted small filter-rule">{w('one')}</div> : null}
      {groups.map((group, at) => (
        <div key={at}>
          {at > 0 ? <div className="filter-or"><span>{w('or')}</span></div> : null}
          <fieldset className="filter-group" aria-label={w('group', { n: at + 1 })}>
            <Lines fields={more} type={type} conditions={group} id={`or${at}`} set={(next) => setGroups(groups.map((g, i) => (i === at ? next : g)))} />
            <button type="button" className="icon-button filter-drop" aria-label={w('drop', { n: at + 1 })} onClick={() => setGroups(groups.filter((_, i) => i !== at))}>×</button>
          </fieldset>
        </div>
      ))}
      <div className="filter-foot">
        <Button size="small" type="dashed" data-testid="either" onClick={either}>+ {w('either')}</Button>
        <span className="grow" />
        <Button size="small" onClick={() => { setDraft([]); setGroups([]); }}>{t('list.clear')}</Button>
        <Button size="small" type="primary" htmlType="submit">{t('filter.apply')}</Button>
      </div>
    </form>
  );
}
