/** The project's own files, read as text: for the tests that hold the rules of the tree. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

export interface ImportEdge {
  /** Paths from the root of the project, both with the extension `.ts` (`.cts`). */
  readonly from: string;
  readonly to: string;
}

/** Files below the folders, as paths from the root; without generated code. */
export function filesIn(folders: readonly string[], name: RegExp): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => join(folder, file))
      .filter((file) => name.test(file) && !file.includes('/generated/'))
      .sort(),
  );
}

export function sourceFiles(...folders: readonly string[]): string[] {
  return filesIn(folders, /\.c?ts$/);
}

export function readFromRoot(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Relative imports of a file, those of types and those at run time (`import(…)`) among them. */
export function importsOf(file: string): ImportEdge[] {
  return specifiers(file, /(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
}

/** As `importsOf`, without the imports that the compiler erases. */
export function loadsOf(file: string): ImportEdge[] {
  return specifiers(file, /^(?:import|export) (?!type\b)(?:[^;']*? from )?'(\.[^']+)'/gm);
}

function specifiers(file: string, pattern: RegExp): ImportEdge[] {
  return [...readFromRoot(file).matchAll(pattern)].map(([, specifier]) => ({
    from: file,
    to: relative(ROOT, resolve(ROOT, dirname(file), specifier!)).replace(/\.(c?)js$/, '.$1ts'),
  }));
}
