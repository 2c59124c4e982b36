import type { Field, Json, JsonObject } from '../api/types';

/** What every input gets. An input never keeps a value of its own beyond what is being typed. */
export interface WidgetProps {
  field: Field;
  value: Json;
  onChange: (value: Json) => void;
  /** Id of the focusable element, so that labels and error jumps find it. */
  id: string;
  /** What the server would fill in: shown as a placeholder. */
  ghost?: string;
  /** Why the value was refused; the words stand beside the input, here only the mark. */
  invalid?: boolean;
  /** Name for assistive technology where no `<label>` points at the input (grid cells). */
  label?: string;
  /** Inside a grid cell: no frame, no clear buttons. */
  dense?: boolean;
  /** What the choice says about the other cells of the row; only blank ones are filled. */
  onFill?: (values: JsonObject) => void;
  /** A choice was made by keyboard or mouse: the grid goes on to the next cell. */
  onDone?: () => void;
}
