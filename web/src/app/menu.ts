import type { CellMeta, MenuItem } from '../api/types';

/** One entry of the side menu. */
export interface Entry { key: string; label: string; cell: string; resource?: string; report?: string; dashboard?: string; screen?: string; creatable: boolean }
/** A headed group of entries. */
export interface Group { key: string; label: string; entries: Entry[] }

/** The menu of the metadata, without what this person may not read. */
export function menuOf(metas: CellMeta[], l: (label: CellMeta['label'], fallback?: string) => string): Group[] {
  return metas.flatMap((meta) => {
    const all = meta.types.filter((type) => type.permissions.read);
    const menus = meta.menus.length > 0 ? meta.menus : [{ label: meta.label, items: all.map((type): MenuItem => ({ type: type.name })) }];
    return menus.flatMap((menu) => {
      const entries = menu.items.flatMap((item: MenuItem): Entry[] => {
        const type = item.type === undefined ? undefined : all.find((t) => t.name === item.type);
        if (type) {
          const creatable = type.permissions.create && (type.kind === 'document' || type.kind === 'master');
          return [{ key: `${meta.cell}/${type.resource}`, label: l(type.label, type.name), cell: meta.cell, resource: type.resource, creatable }];
        }
        const board = item.dashboard === undefined ? undefined : (meta.dashboards ?? []).find((d) => d.name === item.dashboard);
        if (board) return [{ key: `${meta.cell}/dashboards/${board.name}`, label: l(board.label, board.name), cell: meta.cell, dashboard: board.name, creatable: false }];
        const screen = item.screen === undefined ? undefined : (meta.screens ?? []).find((s) => s.name === item.screen);
        if (screen) return [{ key: `${meta.cell}/screens/${screen.name}`, label: l(screen.label, screen.name), cell: meta.cell, screen: screen.name, creatable: false }];
        const report = item.report === undefined ? undefined : meta.reports.find((r) => r.name === item.report && r.allowed);
        return report ? [{ key: `${meta.cell}/reports/${report.name}`, label: l(report.label, report.name), cell: meta.cell, report: report.name, creatable: false }] : [];
      });
      return entries.length > 0 ? [{ key: `${meta.cell}/${menu.label.en}`, label: l(menu.label), entries }] : [];
    });
  });
}
