import { Checkbox, Input, Select } from 'antd';
import { useContext, useRef, useState } from 'react';
import { useText } from '../i18n';
import { addDays, parseDate, today } from '../lib/dates';
import { parseDecimal } from '../lib/decimal';
import { asString, restDecimal, typedDecimal } from '../lib/values';
import { Eye, SightOf, useReveal } from './reveal';
import type { WidgetProps } from './widget';

function frame({ invalid, dense, label }: WidgetProps) {
  return { ...(label === undefined ? {} : { 'aria-label': label }), ...(invalid ? { status: 'error' as const } : {}), variant: dense ? ('borderless' as const) : ('outlined' as const) };
}

/** Selects what stands in the field once its plain form is drawn; `select` would take the focus back from who moved on faster. */
function selectSoon(input: HTMLInputElement): void {
  requestAnimationFrame(() => { if (input === document.activeElement) input.select(); });
}

/** One line of text. */
export function TextInput(props: WidgetProps) {
  const { field, value, onChange, id, ghost } = props;
  return (
    <Input {...frame(props)} id={id} value={asString(value)} placeholder={ghost} autoComplete="off"
      maxLength={field.maxLength ?? undefined} onChange={(e) => onChange(e.target.value)} />
  );
}

/** Several lines of text; grows by style sheet, because antd's own growing breaks the content security policy. */
export function LongTextInput(props: WidgetProps) {
  const { field, value, onChange, id, ghost } = props;
  return (
    <Input.TextArea {...frame(props)} id={id} value={asString(value)} placeholder={ghost} rows={1}
      maxLength={field.maxLength ?? undefined} onChange={(e) => onChange(e.target.value)} />
  );
}

/** A sensitive text: masked until its eye is pressed; typing replaces the mask, or goes on from what was revealed. */
export function SecretInput(props: WidgetProps) {
  const { field, value, onChange, id } = props;
  const masked = asString(value).includes('*');
  const reveal = useReveal(field, value, useContext(SightOf));
  return (
    <Input {...frame(props)} id={id} value={masked ? (reveal.clear ?? '') : asString(value)} placeholder={masked ? asString(value) : undefined}
      autoComplete="off" maxLength={field.maxLength ?? undefined} onChange={(e) => { reveal.hide(); onChange(e.target.value); }}
      suffix={reveal.offered ? <Eye field={field} open={reveal.clear !== null} busy={reveal.busy} onToggle={reveal.toggle} /> : undefined} />
  );
}

/** A password that is only ever written. */
export function PasswordInput(props: WidgetProps) {
  return (
    <Input.Password {...frame(props)} id={props.id} value={asString(props.value)} autoComplete="new-password"
      onChange={(e) => props.onChange(e.target.value)} />
  );
}

/** An exact number: grouped at rest, plain while it is typed; what is no number stays visible and is marked. */
export function DecimalInput(props: WidgetProps) {
  const { field, value, onChange, id, ghost } = props;
  const [draft, setDraft] = useState<string | null>(null);
  const rest = asString(value);
  return (
    <Input {...frame(props)} id={id} className="num" inputMode="decimal" autoComplete="off" placeholder={ghost}
      value={draft ?? (parseDecimal(rest) === null ? rest : restDecimal(field, rest))}
      onFocus={(e) => { setDraft(parseDecimal(rest) === null ? rest : restDecimal(field, rest).replace(/,/g, '')); selectSoon(e.target); }}
      onBlur={() => setDraft(null)}
      onChange={(e) => {
        setDraft(e.target.value);
        onChange(e.target.value.trim() === '' ? null : (typedDecimal(field, e.target.value) ?? e.target.value));
      }} />
  );
}

/** Yes or no. */
export function BooleanInput({ value, onChange, id, label }: WidgetProps) {
  return <Checkbox id={id} aria-label={label} checked={value === true} onChange={(e) => onChange(e.target.checked)} />;
}

/** A date that is typed (`1124`, `+5`, `t`); the browser's own calendar on demand; arrows move by days. */
export function DateInput(props: WidgetProps) {
  const { value, onChange, id, ghost, dense } = props;
  const { t } = useText();
  const [draft, setDraft] = useState<string | null>(null);
  const native = useRef<HTMLInputElement>(null);
  const settle = () => {
    if (draft !== null) onChange(draft.trim() === '' ? null : (parseDate(draft) ?? draft));
    setDraft(null);
  };
  const rest = asString(value);
  return (
    <span className="date-input">
      <Input {...frame(props)} id={id} value={draft ?? rest} placeholder={ghost ?? 'YYYY-MM-DD'} autoComplete="off" inputMode="text"
        onChange={(e) => setDraft(e.target.value)} onBlur={settle}
        onKeyDown={(e) => {
          if (e.key === 'Enter') settle();
          if ((e.key === 'ArrowUp' || e.key === 'ArrowDown') && e.altKey) {
            e.preventDefault();
            onChange(addDays(parseDate(draft ?? rest) ?? today(), e.key === 'ArrowUp' ? 1 : -1));
            setDraft(null);
          }
        }}
        suffix={dense ? undefined : (
          <button type="button" className="icon-button" tabIndex={-1} aria-label={t('date.pick')} title={t('date.pick')}
            onClick={() => native.current?.showPicker()}>
            <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="M2 4h12v10H2zM2 7h12M5 2v3M11 2v3" fill="none" stroke="currentColor" strokeWidth="1.2" /></svg>
          </button>
        )} />
      {dense ? null : (
        <input ref={native} type="date" className="native-date" tabIndex={-1} aria-hidden="true" value={parseDate(rest) ?? ''}
          onChange={(e) => onChange(e.target.value || null)} />
      )}
    </span>
  );
}

/** A moment, in the browser's zone. */
export function InstantInput({ value, onChange, id }: WidgetProps) {
  const date = new Date(asString(value));
  const local = Number.isNaN(date.getTime()) ? '' : new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  return (
    <Input id={id} type="datetime-local" value={local}
      onChange={(e) => onChange(e.target.value === '' ? null : new Date(e.target.value).toISOString())} />
  );
}

/** One of a few values. */
export function ChoiceInput(props: WidgetProps) {
  const { field, value, onChange, id, ghost, dense, onDone } = props;
  const { l } = useText();
  return (
    <Select {...frame(props)} id={id} value={asString(value) || undefined} placeholder={ghost} allowClear={!field.required && !dense}
      showSearch={{ optionFilterProp: 'label' }} popupMatchSelectWidth={false}
      options={(field.choices ?? []).map((c) => ({ value: c.value, label: l(c.label, c.value) }))}
      onChange={(next: string | undefined) => onChange(next ?? null)} onSelect={() => onDone?.()} />
  );
}

/** Free words. */
export function TextListInput(props: WidgetProps) {
  const { field, value, onChange, id } = props;
  const { l } = useText();
  return (
    <Select {...frame(props)} id={id} mode="tags" value={Array.isArray(value) ? value.map(asString) : []} tokenSeparators={[',', '，', ' ']}
      options={(field.choices ?? []).map((c) => ({ value: c.value, label: l(c.label, c.value) }))}
      onChange={(next: string[]) => onChange(next)} />
  );
}

/** Raw JSON; what does not parse stays as text and the server refuses it. */
export function JsonInput({ value, onChange, id, invalid }: WidgetProps) {
  const [draft, setDraft] = useState<string | null>(null);
  return (
    <Input.TextArea id={id} className="mono" {...(invalid ? { status: 'error' as const } : {})} rows={2}
      value={draft ?? (value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value, null, 2))}
      onChange={(e) => {
        setDraft(e.target.value);
        try {
          onChange(e.target.value.trim() === '' ? null : (JSON.parse(e.target.value) as WidgetProps['value']));
        } catch {
          onChange(e.target.value);
        }
      }}
      onBlur={() => setDraft(null)} />
  );
}
