import { Button, Modal } from 'antd';
import { useContext, useState } from 'react';
import { useMetas } from '../api/meta';
import type { Field, JsonObject, TableMeta } from '../api/types';
import { parentOf, RowScope, useParentRows, type Parent } from '../fields/row-ref';
import { Value } from '../fields/value';
import { useText } from '../i18n';
import { parseDecimal } from '../lib/decimal';
import { asObject, asString, isBlank, isNumeric, restDecimal } from '../lib/values';
import { isWritable, useDraft, type Draft } from './draft';

/** Rows chosen from another record, each with its quantity as typed. */
type Picks = Map<string, string>;

const isQuantity = (f: Field) => f.type === 'decimal' && f.kind === 'quantity';

/** The values of a new row that stands for a row of the parent: the reference, what both have in common, the quantity. */
export function rowFrom(table: TableMeta, link: Field, source: JsonObject, quantity: string | undefined): JsonObject {
  const values: JsonObject = { [link.name]: { id: source.id ?? null } };
  for (const field of table.fields) {
    const value = source[field.name];
    if (field !== link && isWritable(field) && value !== undefined && !isBlank(value)) values[field.name] = value;
  }
  const amount = table.fields.find((f) => isQuantity(f) && isWritable(f));
  if (amount && quantity !== undefined) values[amount.name] = parseDecimal(quantity) ?? quantity;
  return values;
}

function Rows({ parent, rows, taken, picks, onPicks }: { parent: Parent; rows: JsonObject[]; taken: Set<string>; picks: Picks; onPicks: (picks: Picks) => void }) {
  const { t, l } = useText();
  const columns = parent.table.fields.filter((f) => (f.type === 'ref' && rows.some((r) => !isBlank(asObject(r[f.name])?.code ?? null))) || isQuantity(f)).slice(0, 6);
  const amount = parent.table.fields.find(isQuantity);
  const free = rows.filter((r) => !taken.has(asString(r.id)));
  const resting = (row: JsonObject) => (amount ? restDecimal(amount, asString(row[amount.name])).replace(/,/g, '') : '');
  const set = (row: JsonObject, quantity: string | null) => {
    const next = new Map(picks);
    if (quantity === null) next.delete(asString(row.id));
    else next.set(asString(row.id), quantity);
    onPicks(next);
  };
  return (
    <div className="pick-box">
      <table className="plain">
        <thead><tr>
          <th><input type="checkbox" aria-label={t('list.selectall')} checked={free.length > 0 && free.every((r) => picks.has(asString(r.id)))}
            onChange={(e) => onPicks(new Map(e.target.checked ? free.map((r) => [asString(r.id), resting(r)]) : []))} /></th>
          <th>#</th>{columns.map((f) => <th key={f.name} className={isNumeric(f.type) ? 'right' : ''}>{l(f.label, f.name)}</th>)}
          {amount ? <th className="right">{t('pick.quantity')}</th> : null}
        </tr></thead>
        <tbody>{rows.map((row, at) => {
          const id = asString(row.id);
          const used = taken.has(id);
          return (
            <tr key={id} className={used ? 'muted' : ''}>
              <td><input type="checkbox" disabled={used} checked={picks.has(id)} aria-label={`${t('list.select')} ${at + 1}`}
                onChange={(e) => set(row, e.target.checked ? resting(row) : null)} /></td>
              <td>{at + 1}</td>
              {columns.map((f) => <td key={f.name} className={isNumeric(f.type) ? 'right' : ''}><Value field={f} value={row[f.name]} links={false} /></td>)}
              {amount ? (
                <td className="right"><input className="pick-quantity num" inputMode="decimal" aria-label={`${t('pick.quantity')} ${at + 1}`} disabled={used}
                  value={picks.get(id) ?? ''} placeholder={used ? t('pick.taken') : resting(row)} onChange={(e) => set(row, e.target.value === '' ? null : e.target.value)} /></td>
              ) : null}
            </tr>
          );
        })}</tbody>
      </table>
    </div>
  );
}

/** Offers to take rows over from the record that stands in the head, with a quantity for each. */
export function PickRows({ draft, table }: { draft: Draft; table: TableMeta }) {
  const { t, l } = useText();
  const { metas } = useMetas();
  const scope = useContext(RowScope);
  useDraft(draft, `rows:${table.name}`);
  const [open, setOpen] = useState(false);
  const [picks, setPicks] = useState<Picks>(new Map());
  const link = table.fields.find((f) => {
    const parent = isWritable(f) ? parentOf(f, metas) : null;
    return parent !== null && scope(parent.cell, parent.type.name) !== null;
  });
  const parent = link ? parentOf(link, metas) : null;
  const { rows, pending } = useParentRows(open ? parent : null);
  if (!link || parent === null) return null;
  const taken = new Set(draft.rows(table.name).map((r) => asString(asObject(r.values[link.name])?.id ?? r.values[link.name])));
  const name = l(parent.type.label, parent.type.name);
  const take = () => {
    draft.addRows(table, rows.filter((r) => picks.has(asString(r.id))).map((row) => rowFrom(table, link, row, picks.get(asString(row.id)))));
    setOpen(false);
  };
  return (
    <>
      <Button size="small" type="dashed" data-testid="pick-rows" onClick={() => { setPicks(new Map()); setOpen(true); }}>{t('pick.open', { name })}</Button>
      <Modal open={open} title={t('pick.open', { name })} width={720} okText={t('pick.take', { n: picks.size })} cancelText={t('cancel')} okButtonProps={{ disabled: picks.size === 0 }}
        onOk={take} onCancel={() => setOpen(false)} destroyOnHidden>
        {pending ? t('loading') : <Rows parent={parent} rows={rows} taken={taken} picks={picks} onPicks={setPicks} />}
      </Modal>
    </>
  );
}
