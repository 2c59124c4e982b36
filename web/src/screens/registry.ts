import type { ComponentType } from 'react';
import { part } from '../app/part';
import type { CellMeta, ScreenMeta, TypeMeta } from '../api/types';

/** What a special screen is given: where it stands, and the type of the records it works on. */
export interface ScreenProps { meta: CellMeta; screen: ScreenMeta; type: TypeMeta }

/** The special screens of this page, by the name that a cell gives them. One that is not here is shown as a list. */
export const SCREENS: Partial<Record<string, ComponentType<ScreenProps>>> = {
  'period-close': part(() => import('./period-close').then((m) => m.PeriodClose)),
};
