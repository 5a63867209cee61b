// A word typed into nowhere, because the field it was meant for has gone or is still to come, is no row of commands.
// Keys that follow a letter at once are none; what a letter does waits to see whether more come.
// Within a word the space and Enter press nothing either: whatever has the focus, they were meant for the text.
// A page that has a place for such text (the note of the gestor's screen) gets it, as soon as the place is there.
(() => {
  const WORD_MS = 250;
  const STEP_MS = 150; // what follows a step sooner than that belongs to a word; a step waits no longer
  const WORD_ENDS_MS = 800;
  const STEPS = ["j", "k"];
  const NO_LETTER = { key: "", at: -WORD_MS };
  let letter = NO_LETTER;
  let wordUntil = 0;
  let pending = null; // what the last letter means, while it waits
  let typed = ""; // what has no place yet
  let places = null; // { find, isComing }: of the page that takes such text

  const isLetter = (key) => /^\p{L}$/u.test(key);
  const isDigit = (key) => /^[0-9]$/.test(key);
  const isText = (key) => key.length === 1 || key === "Enter" || key === "Dead"; // a dead key begins an accent
  const isStep = (key) => STEPS.includes(key);

  // Whether the key goes on with a word that began with the last letter. No word begins with j or k and a consonant, so
  // that a command is one right after a step.
  const goesOn = (key, now) => {
    if (key === letter.key || key === "Enter" || isDigit(key)) return false; // a digit is a result
    if (!isStep(letter.key)) return now - letter.at < WORD_MS;
    return Boolean(places) && now - letter.at < STEP_MS && /^([aeiouáéíóú]|Dead)$/i.test(key);
  };

  const settle = (doesIt) => {
    if (!pending) return;
    const { command, timer } = pending;
    clearTimeout(timer);
    pending = null;
    if (doesIt) command();
  };

  // Writes what was typed where it belongs, at the end of what stands there, and goes on there.
  const write = () => {
    const place = typed && places.find();
    if (!place) {
      if (!places.isComing()) typed = "";
      return;
    }
    place.value += /\S$/.test(place.value) ? ` ${typed}` : typed;
    place.dispatchEvent(new Event("input", { bubbles: true }));
    typed = "";
    wordUntil = 0;
    letter = NO_LETTER;
  };

  const keep = (event, before) => {
    typed += before;
    if (event.key === "Dead") {
      places.find()?.focus();
      write();
      return; // the accent is put together where the focus is now
    }
    typed += event.key === "Enter" ? "\n" : event.key;
    event.preventDefault();
    write();
  };

  window.novaWords = {
    // `find`: the field for text that was typed into nowhere, or nothing; `isComing`: whether it soon is there.
    writeTo(found) {
      places = found;
    },
    // After something has come: what was typed meanwhile.
    write() {
      if (typed) write();
    },
    // Whether a key that was pressed outside of fields belongs to a word; then it is no command.
    // `means`: whether the key is one by itself.
    takes(event, means = () => true) {
      const { key } = event;
      if (key === "Backspace" && typed) {
        typed = typed.slice(0, -1);
        return true;
      }
      if (!isText(key)) return false;
      const now = event.timeStamp;
      const follows = goesOn(key, now);
      const begins = Boolean(places) && key !== " " && key !== "Enter" && !means(key);
      const isWord = follows || begins || now < wordUntil || typed !== "";
      settle(Boolean(places) && !isWord && (isStep(key) || key !== letter.key));
      const before = follows ? letter.key : "";
      letter = isLetter(key) ? { key, at: now } : NO_LETTER;
      if (!isWord) return false;
      wordUntil = now + WORD_ENDS_MS;
      if (places) {
        letter = NO_LETTER; // it is kept
        keep(event, before);
      } else event.preventDefault();
      return true;
    },
    // Does what the last letter means, unless something follows it.
    unless(command) {
      const wait = isStep(letter.key) ? STEP_MS : WORD_MS;
      pending = { command, timer: setTimeout(() => settle(true), wait) };
    },
  };
})();
