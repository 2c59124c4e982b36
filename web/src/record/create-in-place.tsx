import { App, Modal } from 'antd';
import { useMemo, type KeyboardEvent } from 'react';
import type { RecordData, TypeMeta } from '../api/types';
import { useText } from '../i18n';
import { Draft } from './draft';
import { HeadFields } from './fields';
import { useSave } from './use-save';

/** A new draft that already holds what was typed: as the code when it looks like one, else as the name. */
export function draftFrom(type: TypeMeta, typed: string): Draft {
  const draft = new Draft(type, null);
  draft.ids = 'made-';
  const name = /^[\x21-\x7e]*\d[\x21-\x7e]*$/.test(typed.trim()) ? 'code' : 'name';
  if (typed.trim() !== '' && type.fields.some((f) => f.name === name)) draft.setHead(name, typed.trim());
  return draft;
}

/** A small form over the large one: makes the record that was looked for and not found. */
export function CreateInPlace({ cell, type, typed, onMade, onClose }: {
  cell: string; type: TypeMeta; typed: string; onMade: (record: RecordData) => void; onClose: () => void;
}) {
  const { t, l } = useText();
  const { message } = App.useApp();
  const draft = useMemo(() => draftFrom(type, typed), [type, typed]);
  const { save, busy } = useSave(cell, draft);
  const make = async () => {
    const outcome = await save();
    if ('id' in outcome && 'version' in outcome) onMade(outcome);
    else if (typeof outcome.text === 'string') message.error(outcome.text);
  };
  const onKeyDown = (e: KeyboardEvent) => {
    // The form below must not save or move when a key is meant for this one.
    e.stopPropagation();
    if (e.key.toLowerCase() === 's' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void make(); }
  };
  return (
    <Modal open title={t('record.new', { type: l(type.label, type.name) })} width={760} okText={t('record.save')} cancelText={t('cancel')} confirmLoading={busy}
      onOk={() => void make()} onCancel={onClose}
      afterOpenChange={(open) => { if (open) document.querySelector<HTMLElement>('.made :is(input, textarea)')?.focus(); }}>
      <div onKeyDown={onKeyDown} className="made"><HeadFields draft={draft} editable /></div>
    </Modal>
  );
}
