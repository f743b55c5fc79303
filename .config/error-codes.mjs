// Every error code that src/ can print, where it is made, and the tests that provoke it. Prints those that no test
// provokes; --list prints all of them. A code must be found without running anything: keep codes literal.
//
// A code counts as provoked where a test hands it, as a string of exactly that code, to a matcher of expect, to a
// helper that expects, or puts it in a table whose rows are expected. A test that makes the error itself provokes nothing.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The class from which every error with a code descends; its subclasses say the kind. */
const baseClass = 'BrownoutError';
/** Where codes are kept on their way to a report: an error, what an oracle found, a record's problem. */
const carriers = [baseClass, 'Passed', 'NotPassed', 'Problem'];

class Unresolved extends Error {}

/** Every code of src/ with its kinds and places, and what could not be resolved. */
function codesOf(program, sources) {
  const checker = program.getTypeChecker();
  const codes = new Map();
  const problems = [];
  const identifiers = new Map();
  const made = [];
  for (const source of sources) visit(source);
  for (const { expression, kind } of made) {
    try {
      for (const { code, at } of resolve(expression, [])) note(code, kind, at);
    } catch (error) {
      if (!(error instanceof Unresolved)) throw error;
      problems.push(error.message);
    }
  }
  return { codes, problems };

  function visit(node) {
    if (ts.isIdentifier(node)) {
      const same = identifiers.get(node.text);
      if (same === undefined) identifiers.set(node.text, [node]);
      else same.push(node);
    }
    if (ts.isNewExpression(node)) {
      const made = classOf(node.expression);
      const kind = made && kindOf(made);
      // Of a class with a constructor of its own, the code is what that constructor hands on.
      if (kind !== undefined && !hasConstructor(made.symbol)) take(node.arguments?.[0], kind, node);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword) {
      const kind = kindOf(checker.getTypeAtLocation(classAround(node)));
      if (kind !== undefined) take(node.arguments[0], kind, node);
    }
    if (ts.isObjectLiteralExpression(node)) {
      for (const property of node.properties) {
        if (property.name?.getText() !== 'code') continue;
        const type = checker.getContextualType(node);
        if (type === undefined || !isCarried(type)) continue;
        if (ts.isPropertyAssignment(property)) take(property.initializer, kindBeside(node), node);
        else if (ts.isShorthandPropertyAssignment(property)) take(property.name, kindBeside(node), node);
      }
    }
    ts.forEachChild(node, visit);
  }

  function take(expression, kind, node) {
    if (expression === undefined) problems.push(`${place(node)}: an error without a code`);
    else made.push({ expression, kind });
  }

  function note(code, kind, at) {
    const known = codes.get(code) ?? { kinds: new Set(), places: new Set() };
    known.kinds.add(kind);
    known.places.add(at);
    codes.set(code, known);
  }

  /** The values of an expression, each with the place that says it. */
  function resolve(node, above) {
    if (above.includes(node)) return [];
    const path = [...above, node];
    const literals = literalsOf(node);
    if (literals !== undefined) return literals.map((code) => ({ code, at: place(node) }));
    if (ts.isParenthesizedExpression(node)) return resolve(node.expression, path);
    if (ts.isConditionalExpression(node))
      return [...resolve(node.whenTrue, path), ...resolve(node.whenFalse, path)];
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
      return [...resolve(node.left, path), ...resolve(node.right, path)];
    if (ts.isTemplateExpression(node)) return ofTemplate(node, path);
    // The code of an error or a finding that is handed on was taken where it was made.
    if (
      ts.isPropertyAccessExpression(node) &&
      isHandedOn(checker.getTypeAtLocation(node.expression), node.name.text)
    )
      return [];
    if (ts.isIdentifier(node)) return ofName(node, path);
    throw new Unresolved(`${place(node)}: no code can be made out of ${node.getText()}`);
  }

  function literalsOf(node) {
    const type = checker.getNonNullableType(checker.getTypeAtLocation(node));
    const parts = type.isUnion() ? type.types : [type];
    return parts.every((part) => part.isStringLiteral()) ? parts.map((part) => part.value) : undefined;
  }

  function ofTemplate({ head, templateSpans }, path) {
    let texts = [head.text];
    let at;
    for (const { expression, literal } of templateSpans) {
      const parts = resolve(expression, path);
      texts = texts.flatMap((text) => parts.map(({ code }) => `${text}${code}${literal.text}`));
      at = place(expression);
    }
    return texts.map((code) => ({ code, at }));
  }

  function ofName(node, path) {
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
    const declaration = symbol?.valueDeclaration;
    if (declaration !== undefined && ts.isParameter(declaration)) return ofParameter(declaration, path);
    if (declaration !== undefined && ts.isBindingElement(declaration)) {
      const name = (declaration.propertyName ?? declaration.name).getText();
      if (name === 'code' && isCarried(checker.getTypeAtLocation(declaration.parent)))
        return declaration.initializer === undefined ? [] : resolve(declaration.initializer, path);
    }
    if (
      declaration !== undefined &&
      ts.isVariableDeclaration(declaration) &&
      declaration.initializer !== undefined
    )
      return resolve(declaration.initializer, path);
    throw new Unresolved(`${place(node)}: what ${node.text} is cannot be made out`);
  }

  /** What all callers hand to a parameter. */
  function ofParameter(parameter, path) {
    const { parent } = parameter;
    const index = parent.parameters.indexOf(parameter);
    const named = ts.isConstructorDeclaration(parent)
      ? parent.parent
      : parent.name === undefined && ts.isVariableDeclaration(parent.parent)
        ? parent.parent
        : parent;
    if (named.name === undefined) throw new Unresolved(`${place(parameter)}: nobody knows who calls this`);
    const symbol = checker.getSymbolAtLocation(named.name);
    const values = [];
    for (const use of identifiers.get(named.name.text) ?? []) {
      const found = checker.getSymbolAtLocation(use);
      const meant =
        found !== undefined && (found.flags & ts.SymbolFlags.Alias) !== 0
          ? checker.getAliasedSymbol(found)
          : found;
      if (meant !== symbol || use === named.name) continue;
      const called = ts.isPropertyAccessExpression(use.parent) && use.parent.name === use ? use.parent : use;
      if (ts.isImportSpecifier(use.parent) || ts.isExportSpecifier(use.parent) || ts.isTypeNode(use.parent))
        continue;
      if (
        !(ts.isCallExpression(called.parent) || ts.isNewExpression(called.parent)) ||
        called.parent.expression !== called
      )
        throw new Unresolved(
          `${place(use)}: ${use.text} makes codes out of its argument, so it must be called by its name`,
        );
      const before = called.parent.arguments?.slice(0, index + 1) ?? [];
      if (before.some(ts.isSpreadElement))
        throw new Unresolved(`${place(use)}: a code within a spread argument`);
      const argument = before[index] ?? parameter.initializer;
      if (argument === undefined) throw new Unresolved(`${place(use)}: a call without a code`);
      values.push(...resolve(argument, path));
    }
    return values;
  }

  /** The type of the objects that `new` makes of it; undefined where it is no class of this program's. */
  function classOf(expression) {
    const found = checker.getSymbolAtLocation(expression);
    if (found === undefined) return undefined;
    const symbol = (found.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(found) : found;
    return (symbol.flags & ts.SymbolFlags.Class) === 0 ? undefined : checker.getDeclaredTypeOfSymbol(symbol);
  }

  function hasConstructor(symbol) {
    const declaration = symbol?.valueDeclaration;
    return (
      declaration !== undefined &&
      ts.isClassDeclaration(declaration) &&
      declaration.name?.text !== baseClass &&
      declaration.members.some(ts.isConstructorDeclaration)
    );
  }

  /** The kind of an error that has a code; undefined for every other type. */
  function kindOf(type) {
    for (let one = type; one !== undefined; one = checker.getBaseTypes(one)[0]) {
      if (one.symbol?.name === baseClass) {
        const kind = checker.getTypeOfPropertyOfType(type, 'kind');
        return kind?.isStringLiteral() === true ? kind.value : undefined;
      }
      if (!one.isClass()) return undefined;
    }
    return undefined;
  }

  function isCarried(type) {
    return isDeclaredIn(type, 'code', carriers);
  }

  /** A finding has no code; a report gives the name of its check in place of one. */
  function isHandedOn(type, name) {
    return (
      (name === 'code' && isCarried(type)) || (name === 'check' && isDeclaredIn(type, name, ['Finding']))
    );
  }

  function isDeclaredIn(type, name, owners) {
    const property = checker.getNonNullableType(type).getProperty(name);
    return (property?.declarations ?? []).some(({ parent }) => owners.includes(parent.name?.getText()));
  }

  /** A finding is the device's; a problem says its kind beside its code. */
  function kindBeside(node) {
    const beside = node.properties.find((one) => one.name?.getText() === 'kind');
    const text =
      beside !== undefined && ts.isPropertyAssignment(beside) ? beside.initializer.getText() : "'device'";
    return /'(device|scenario|harness)'/.exec(text)?.[1] ?? 'harness';
  }

  function classAround(node) {
    let one = node;
    while (!ts.isClassDeclaration(one)) one = one.parent;
    return one;
  }
}

function place(node) {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart());
  return `${relative(root, source.fileName)}:${line + 1}`;
}

/** For each code the test files that provoke it. */
function provocationsIn(files, codes) {
  const found = new Map();
  const parsed = files.map((path) =>
    ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true),
  );
  const shared = helpersOf(
    parsed.filter(({ fileName }) => !fileName.endsWith('.test.ts')),
    new Set(),
  );
  for (const source of parsed) {
    const helpers = helpersOf([source], shared);
    const asserted = new Set();
    const madeUp = new Set();
    const visit = (node) => {
      if (ts.isStringLiteralLike(node) && codes.has(node.text)) {
        if (isAsserted(node, helpers)) asserted.add(node.text);
        else if (isMade(node)) madeUp.add(node.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    for (const code of asserted)
      if (!madeUp.has(code)) found.set(code, [...(found.get(code) ?? []), relative(root, source.fileName)]);
  }
  return found;
}

/** Names of functions that expect something themselves. */
function helpersOf(sources, others) {
  const names = new Set(others);
  const visit = (node) => {
    if (ts.isFunctionDeclaration(node) && node.name !== undefined && expects(node)) names.add(node.name.text);
    if (
      ts.isVariableDeclaration(node) &&
      node.initializer !== undefined &&
      ts.isArrowFunction(node.initializer) &&
      expects(node.initializer)
    )
      names.add(node.name.getText());
    ts.forEachChild(node, visit);
  };
  for (const source of sources) visit(source);
  return names;
}

/** Whether something within the node expects. */
function expects(node) {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'expect')
    return true;
  return ts.forEachChild(node, (child) => expects(child) || undefined) ?? false;
}

function isAsserted(literal, helpers) {
  let below = literal;
  for (let node = literal.parent; node !== undefined; below = node, node = node.parent) {
    if (ts.isFunctionLike(node)) return false;
    if (ts.isCallExpression(node) && node.expression !== below) {
      const callee = node.expression;
      if (ts.isIdentifier(callee) && helpers.has(callee.text)) return true;
      const names = namesOf(callee);
      if (names[0] === 'expect') return !names.includes('not');
    }
    // it.each(table)(name, (row) => ...) and for (const row of table) ...
    if (ts.isCallExpression(node) && node.expression === below && node.arguments.some(expects))
      return namesOf(below).includes('each');
    if (ts.isForOfStatement(node) && node.expression === below) return expects(node.statement);
  }
  return false;
}

/** `expect(x).rejects.toMatchObject` as its names; a call within is its callee. */
function namesOf(node) {
  if (ts.isIdentifier(node)) return [node.text];
  if (ts.isPropertyAccessExpression(node)) return [...namesOf(node.expression), node.name.text];
  if (ts.isCallExpression(node)) return namesOf(node.expression);
  return [];
}

/** Whether the test makes the error, or what carries the code, itself. */
function isMade({ parent }) {
  return (
    (ts.isNewExpression(parent) && /(Error|Failure)$/.test(parent.expression.getText())) ||
    (ts.isPropertyAssignment(parent) && parent.name.getText() === 'code')
  );
}

/** This program's files without the types of others, which take most of the time to read and hold no codes. */
function programOf(files, { lib, module, moduleResolution, target, allowImportingTsExtensions }) {
  const ours = {
    lib,
    module,
    moduleResolution,
    target,
    allowImportingTsExtensions,
    strict: true,
    noEmit: true,
    types: [],
  };
  const host = ts.createCompilerHost(ours, true);
  host.resolveModuleNameLiterals = (names, from, _, compiler) =>
    names.map(({ text }) =>
      text.startsWith('.') ? ts.resolveModuleName(text, from, compiler, host) : { resolvedModule: undefined },
    );
  return ts.createProgram(files, ours, host);
}

function typescriptIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path))
    .sort();
}

const files = typescriptIn(join(root, 'src'));
const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const program = programOf(files, options);
const { codes, problems } = codesOf(
  program,
  files.map((path) => program.getSourceFile(path)),
);
/** Tests that `npm test` does not run provoke nothing. */
const tests = provocationsIn(
  typescriptIn(join(root, 'test')).filter((path) => !relative(root, path).startsWith('test/long/')),
  codes,
);
const rows = [...codes]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([code, { kinds, places }]) => {
    const by = tests.get(code) ?? [];
    const mark =
      by.length === 0
        ? 'NO TEST'
        : by.some((path) => !path.startsWith('test/integration/'))
          ? ''
          : 'integration only';
    return { code, by, mark, kinds: [...kinds].join('+'), places: [...places] };
  });
const missing = rows.filter(({ by }) => by.length === 0);

for (const { code, kinds, places, by, mark } of process.argv.includes('--list') ? rows : missing)
  console.log(
    [code.padEnd(28), kinds.padEnd(16), places.join(' '), mark, by.join(' ')].filter(Boolean).join('  '),
  );
for (const problem of problems) console.log(`not literal: ${problem}`);
const integration = rows.filter(({ mark }) => mark === 'integration only').length;
console.log(
  `${rows.length} codes; ${missing.length} without a test, ${integration} provoked by integration tests alone`,
);
process.exitCode = problems.length + missing.length > 0 ? 1 : 0;
