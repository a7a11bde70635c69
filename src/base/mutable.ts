/** An object whose fields may be filled in place, where its readers see them as read-only. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
