/** The source with the mutant in it. @throws Error where its text is not there exactly once. */
export function applied({ name, file, text, into }, source) {
  const count = source.split(text).length - 1;
  if (count !== 1) {
    throw new Error(
      `${name}: expected its text once in ${file}; found it ${count} times. Write it as the source is now`,
    );
  }
  return source.replace(text, () => into);
}

/** `tenth`: 0 to 9, every tenth of the list; all tenths together are the list. */
export function chosenMutants(all, { only, tenth }) {
  return all.filter(
    ({ name }, index) => (only === null || name.includes(only)) && (tenth === null || index % 10 === tenth),
  );
}

/** 1 on the first of January. */
export function dayOfYear(date) {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 0)) / 86_400_000);
}
