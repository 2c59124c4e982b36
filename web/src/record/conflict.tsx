import { Button, Modal, Segmented } from 'antd';
import { useState } from 'react';
import type { RecordData } from '../api/types';
import { useText } from '../i18n';
import { showValue } from '../lib/values';
import type { Draft } from './draft';

/**
 * Somebody else saved a newer version. What only one of the two changed is merged by itself; where both did, the person
 * chooses. Rows of a table count as one: whoever changed them here keeps them or takes the other's.
 */
export function ConflictDialog({ draft, theirs, onClose }: { draft: Draft; theirs: RecordData; onClose: () => void }) {
  const { t, l, lang } = useText();
  const fields = draft.conflicts(theirs);
  const tables = draft.conflictingTables(theirs);
  const [mine, setMine] = useState<Record<string, boolean>>({});
  const isMine = (name: string) => mine[name] ?? true;
  const choice = (name: string, label: string) => (
    <Segmented size="small" value={isMine(name) ? 'mine' : 'theirs'} aria-label={label} onChange={(value) => setMine((m) => ({ ...m, [name]: value === 'mine' }))}
      options={[{ value: 'mine', label: t('conflict.mine') }, { value: 'theirs', label: t('conflict.theirs') }]} />
  );
  const merge = () => {
    const given = [...fields.map((f) => f.field.name), ...tables.map((x) => `${x.name}[]`)].filter((name) => !isMine(name));
    draft.rebase(theirs, new Set(given));
    onClose();
  };
  return (
    <Modal open title={t('conflict.title')} width={640} onCancel={onClose} footer={[
      <Button key="reload" onClick={() => { draft.load(theirs); onClose(); }}>{t('conflict.reload')}</Button>,
      <Button key="keep" type="primary" data-testid="merge" onClick={merge}>{t('conflict.merge')}</Button>,
    ]}>
      <p>{t('conflict.text')} {fields.length + tables.length === 0 ? t('conflict.none') : t('conflict.choose')}</p>
      {fields.length + tables.length > 0 ? (
        <table className="plain conflict">
          <thead><tr><th>{t('conflict.field')}</th><th>{t('conflict.mine')}</th><th>{t('conflict.theirs')}</th><th>{t('conflict.take')}</th></tr></thead>
          <tbody>
            {fields.map(({ field, mine: own, theirs: other }) => (
              <tr key={field.name}><td>{l(field.label, field.name)}</td><td>{showValue(field, own, lang) || t('empty')}</td><td>{showValue(field, other, lang) || t('empty')}</td>
                <td>{choice(field.name, l(field.label, field.name))}</td></tr>
            ))}
            {tables.map((table) => (
              <tr key={table.name}><td>{l(table.label, table.name)}</td><td>{t('lines.count', { n: draft.rows(table.name).length })}</td>
                <td>{t('lines.count', { n: Array.isArray(theirs[table.name]) ? (theirs[table.name] as unknown[]).length : 0 })}</td><td>{choice(`${table.name}[]`, l(table.label, table.name))}</td></tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </Modal>
  );
}
