import { expect, it } from 'vitest';
import { FIELD_TYPES } from '../src/api/types';
import { expand } from '../src/fields/permission-tree';
import { WIDGETS } from '../src/fields/registry';

it('spells wildcards out over the known permissions and keeps unknown ones', () => {
  const known = ['toy.note.read', 'toy.note.confirm', 'toy.shelf.read'];
  expect(expand(['toy.note.*', 'other.thing.read'], known)).toEqual({ checked: ['toy.note.read', 'toy.note.confirm'], other: ['other.thing.read'] });
  expect(expand(['*'], known).checked).toEqual(known);
});

it('has an input for every type of field', () => expect(Object.keys(WIDGETS).sort()).toEqual([...FIELD_TYPES].sort()));
