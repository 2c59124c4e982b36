import { Suspense, type ComponentType } from 'react';
import type { FieldType } from '../api/types';
import { Skeleton } from '../app/notice';
import { part } from '../app/part';
import {
  BooleanInput, ChoiceInput, DateInput, DecimalInput, InstantInput, JsonInput, LongTextInput, PasswordInput, SecretInput, TextInput,
  TextListInput,
} from './inputs';
import { RefInput, RefListInput } from './refs';
import { Value } from './value';
import type { WidgetProps } from './widget';

function Shown({ field, value }: WidgetProps) {
  return <Value field={field} value={value} />;
}

// A tree of permissions is for administrators; nobody else waits for it.
const PermissionTree = part(() => import('./permission-tree').then((m) => m.PermissionInput));

function PermissionInput(props: WidgetProps) {
  return <Suspense fallback={<Skeleton rows={6} />}><PermissionTree {...props} /></Suspense>;
}

/** The input of every field type. A new field type without an input does not compile. */
export const WIDGETS: Record<FieldType, ComponentType<WidgetProps>> = {
  text: TextInput,
  longtext: LongTextInput,
  integer: DecimalInput,
  decimal: DecimalInput,
  boolean: BooleanInput,
  date: DateInput,
  instant: InstantInput,
  choice: ChoiceInput,
  state: Shown,
  ref: RefInput,
  'ref-list': RefListInput,
  user: RefInput,
  department: RefInput,
  secret: SecretInput,
  anyref: Shown,
  'text-list': TextListInput,
  permissions: PermissionInput,
  password: PasswordInput,
  json: JsonInput,
};
