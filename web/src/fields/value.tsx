import { Link } from '@tanstack/react-router';
import { placeOf, useMetas } from '../api/meta';
import type { Field, Json, Ref, StateMeta } from '../api/types';
import { useText } from '../i18n';
import { asObject, asString, isBlank, isNumeric, refText, showValue, targetOf } from '../lib/values';
import { MaskedHere } from './reveal';

/** A state as a pastel tag with its text. */
export function StateTag({ states, value }: { states: StateMeta[]; value: Json | undefined }) {
  const { l } = useText();
  const state = states.find((s) => s.value === value);
  if (isBlank(value)) return null;
  return <span className={`tag tag-${state?.tone ?? 'draft'}`} data-state={asString(value)}>{l(state?.label, asString(value))}</span>;
}

function AnyRefLink({ value }: { value: Json }) {
  const { metas } = useMetas();
  const ref = asObject(value) as (Ref & { type?: string }) | null;
  const place = ref?.type ? placeOf(metas, ref.type) : null;
  if (!ref?.id || place === null) return <span>{refText(value)}</span>;
  return <Link to="/$cell/$resource/$id" params={{ cell: place.cell, resource: place.resource, id: ref.id }}>{ref.number ?? refText(value)}</Link>;
}

/** A value at rest. References are links when `links` is set, which a list leaves off. */
export function Value({ field, value, links = true, states }: { field: Field; value: Json | undefined; links?: boolean; states?: StateMeta[] }) {
  const { lang } = useText();
  if (isBlank(value)) return <span className="blank">{links ? '—' : ''}</span>;
  if (links && field.sensitive) return <MaskedHere field={field} value={value} />;
  if (field.type === 'state' && states) return <StateTag states={states} value={value} />;
  if (isNumeric(field.type)) {
    return <span className={asString(value).startsWith('-') ? 'num negative' : 'num'}>{showValue(field, value, lang)}</span>;
  }
  if (links && field.type === 'anyref' && value !== undefined) return <AnyRefLink value={value} />;
  if (links && field.type === 'json') return <pre className="mono json">{typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</pre>;
  const target = targetOf(field);
  const id = asString(asObject(value)?.id);
  if (links && target && id && field.type !== 'ref-list') {
    return <Link to="/$cell/$resource/$id" params={{ cell: target.cell, resource: target.resource, id }}>{refText(value)}</Link>;
  }
  return <span className={field.type === 'longtext' ? 'pre' : undefined}>{showValue(field, value, lang)}</span>;
}
