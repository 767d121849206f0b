/** First in, first out, in constant time for each; `putFirst` is for the few that must not wait again. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;
  #first: Item[] = [];

  get size(): number {
    return this.#items.length - this.#head + this.#first.length;
  }

  put(item: Item): void {
    this.#items.push(item);
  }

  putFirst(item: Item): void {
    this.#first.push(item);
  }

  /** The one that `take` gives next. */
  peek(): Item | undefined {
    return this.#first[0] ?? this.#items[this.#head];
  }

  /** Puts another one in the place of what `peek` shows. */
  replace(item: Item): void {
    if (this.#first.length > 0) this.#first[0] = item;
    else this.#items[this.#head] = item;
  }

  take(): Item | undefined {
    if (this.#first.length > 0) return this.#first.shift();
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The one that would be given last. */
  peekLast(): Item | undefined {
    return this.#items.length > this.#head ? this.#items.at(-1) : this.#first.at(-1);
  }

  /** Puts another one in the place of what `peekLast` shows. */
  replaceLast(item: Item): void {
    const items = this.#items.length > this.#head ? this.#items : this.#first;
    items[items.length - 1] = item;
  }

  takeLast(): Item | undefined {
    return this.#items.length > this.#head ? this.#items.pop() : this.#first.pop();
  }
}
