import type { Field, TypeMeta } from '../api/types';
import { WIDGETS } from '../fields/registry';
import { Value } from '../fields/value';
import { useText } from '../i18n';
import { isBlank, showValue } from '../lib/values';
import { isWritable, useDraft, type Draft } from './draft';

/** Id of the input of a field, so that labels and error jumps find it. */
export function inputId(path: string): string {
  return `f-${path.replace(/[^\w-]/g, '_')}`;
}

const WIDE = ['longtext', 'permissions', 'json', 'text-list', 'ref-list'];

function Item({ draft, field, editable }: { draft: Draft; field: Field; editable: boolean }) {
  const { l, lang } = useText();
  const own = draft.head[field.name] ?? null;
  const ghost = draft.headGhosts[field.name];
  const error = draft.errors.get(field.name);
  const writable = editable && isWritable(field) && !(field.masked && field.type !== 'secret');
  const id = inputId(field.name);
  const Widget = WIDGETS[field.type];
  const shown = isWritable(field) ? own : (ghost ?? own);
  const label = l(field.label, field.name);
  return (
    <div className={`item ${WIDE.includes(field.type) ? 'item-wide' : ''} item-${field.type}`} data-field={field.name}>
      <label className="item-label" htmlFor={writable ? id : undefined} title={l(field.help) || label}>
        {field.required && writable ? <span className="star" aria-hidden="true">*</span> : null}{label}
      </label>
      <div className="item-body">
        {writable || field.type === 'permissions' ? (
          <Widget field={writable ? field : { ...field, readOnly: true }} value={own} id={id} invalid={error !== undefined} onChange={(value) => draft.setHead(field.name, value)}
            {...(isBlank(own) && !isBlank(ghost) ? { ghost: showValue(field, ghost, lang) } : {})} />
        ) : <div className="at-rest"><Value field={field} value={shown} states={draft.type.states} /></div>}
        {error ? <div className="item-error" role="alert">{error}</div> : null}
      </div>
    </div>
  );
}

/** Fields of the head that the form shows, in declared order (wide ones last); what only the server fills in stays out of a new record. */
export function headFields(type: TypeMeta, isNew: boolean): Field[] {
  return type.fields.filter((f) => f.type !== 'state' && f.name !== 'number' && !(isNew && !isWritable(f) && f.type !== 'decimal'));
}

/** The head of a record as a grid of labels and inputs. */
export function HeadFields({ draft, editable }: { draft: Draft; editable: boolean }) {
  const { t } = useText();
  useDraft(draft, 'head');
  useDraft(draft, 'errors');
  const all = headFields(draft.type, draft.base === null);
  const fields = [...all.filter((f) => !WIDE.includes(f.type)), ...all.filter((f) => WIDE.includes(f.type))];
  const groups = [...new Set(fields.map((f) => f.group ?? ''))];
  return (
    <>
      {groups.map((group) => (
        <div key={group} className="fields">
          {group !== '' ? <div className="fields-head">{group === 'dimensions' ? t('record.group.dimensions') : group}</div> : null}
          {fields.filter((f) => (f.group ?? '') === group).map((field) => <Item key={field.name} draft={draft} field={field} editable={editable} />)}
        </div>
      ))}
    </>
  );
}
