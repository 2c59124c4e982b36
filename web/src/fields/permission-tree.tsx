import { Input, Tree } from 'antd';
import { useMemo, useState } from 'react';
import { useMetas } from '../api/meta';
import type { CellMeta, TypeMeta } from '../api/types';
import { labelIn, text, useText, type Lang, type TextKey } from '../i18n';
import { asString } from '../lib/values';
import type { WidgetProps } from './widget';

interface Node { key: string; title: string; children?: Node[] }

const VERBS = ['read', 'create', 'update', 'delete', 'export', 'unmask'] as const;
const EDITABLE_KINDS = ['document', 'master', 'setting'];

function typeNode(cell: string, type: TypeMeta, lang: Lang): Node {
  const verbs = EDITABLE_KINDS.includes(type.kind) ? VERBS : (['read', 'export'] as const);
  const sensitive = [...type.fields, ...type.tables.flatMap((t) => t.fields)].some((f) => f.sensitive);
  const usable = verbs.filter((verb) => verb !== 'unmask' || sensitive);
  return {
    key: `${cell}.${type.name}.*`,
    title: labelIn(lang, type.label, type.name),
    children: [
      ...usable.map((verb) => ({ key: `${cell}.${type.name}.${verb}`, title: text(lang, `perm.${verb}` as TextKey) })),
      ...type.actions.map((a) => ({ key: `${cell}.${type.name}.${a.name}`, title: labelIn(lang, a.label, a.name) })),
    ],
  };
}

/** Every permission the metadata knows, by cell and type. */
export function permissionTree(metas: CellMeta[], lang: Lang): Node[] {
  return metas.map((meta) => ({
    key: `${meta.cell}.*`,
    title: labelIn(lang, meta.label, meta.cell),
    children: [
      ...meta.types.map((type) => typeNode(meta.cell, type, lang)),
      ...(meta.reports.length === 0 ? [] : [{
        key: `${meta.cell}.report.*`,
        title: text(lang, 'perm.reports'),
        children: meta.reports.map((r) => ({ key: `${meta.cell}.report.${r.name}`, title: labelIn(lang, r.label, r.name) })),
      }]),
    ],
  }));
}

function leaves(nodes: Node[]): string[] {
  return nodes.flatMap((node) => (node.children ? leaves(node.children) : [node.key]));
}

/** Codes with wildcards spelled out over the known leaves; codes the tree does not know are kept apart. */
export function expand(codes: string[], known: string[]): { checked: string[]; other: string[] } {
  const set = new Set(known);
  const checked = new Set<string>();
  const other: string[] = [];
  for (const code of codes) {
    if (set.has(code)) checked.add(code);
    else if (code === '*' || code.endsWith('.*')) {
      const hits = known.filter((leaf) => code === '*' || leaf.startsWith(code.slice(0, -1)));
      hits.forEach((hit) => checked.add(hit));
      if (hits.length === 0) other.push(code);
    } else other.push(code);
  }
  return { checked: [...checked], other };
}

function matching(nodes: Node[], q: string): Node[] {
  if (q === '') return nodes;
  return nodes.flatMap((node) => {
    if (node.title.toLowerCase().includes(q) || node.key.includes(q)) return [node];
    const children = matching(node.children ?? [], q);
    return children.length > 0 ? [{ ...node, children }] : [];
  });
}

/** Permission codes as a tree of checkboxes. What the tree does not know stays granted. */
export function PermissionInput({ value, onChange, id, field }: WidgetProps) {
  const { lang, t } = useText();
  const { metas } = useMetas();
  const [q, setQ] = useState('');
  const tree = useMemo(() => permissionTree(metas, lang), [metas, lang]);
  const shown = useMemo(() => matching(tree, q.trim().toLowerCase()), [tree, q]);
  const known = useMemo(() => leaves(tree), [tree]);
  const { checked, other } = expand(Array.isArray(value) ? value.map(asString) : [], known);
  const visible = new Set(leaves(shown));
  const readOnly = field.readOnly === true;
  return (
    <div className="permission-tree" id={id}>
      <div className="permission-head">
        <Input value={q} placeholder={t('list.search')} aria-label={t('list.search')} onChange={(e) => setQ(e.target.value)} />
        <span className="muted">{t('perm.count', { n: checked.length + other.length })}</span>
      </div>
      <Tree checkable selectable={false} treeData={shown} checkedKeys={checked.filter((c) => visible.has(c))} height={420} disabled={readOnly}
        {...(q ? { expandedKeys: shown.flatMap((n) => [n.key, ...(n.children ?? []).map((c) => c.key)]) } : {})}
        onCheck={(keys) => {
          const now = (Array.isArray(keys) ? keys : keys.checked).map(String).filter((key) => visible.has(key));
          onChange([...checked.filter((c) => !visible.has(c)), ...now, ...other].sort());
        }} />
      {other.length > 0 ? <div className="muted">{t('perm.other')}: {other.join(', ')}</div> : null}
    </div>
  );
}
