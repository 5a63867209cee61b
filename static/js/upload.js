// How far a file has come, and that a long answer is on its way. Forms without this script are sent as ever.
// [data-upload] on a form with a file: it is sent from here, and a refusal keeps the file that was chosen.
// [data-slow="Registrando los pagos…"] on any form: says so until the answer is there.
(() => {
  const NO_ANSWER = "No hubo respuesta y no se sabe si el archivo llegó: revise la conexión y vuelva a intentar. Sigue elegido.";

  const bar = (form) => {
    form.querySelector(".upload-state")?.remove();
    const [state, progress, words] = ["p", "progress", "span"].map((name) => document.createElement(name));
    state.className = "upload-state";
    state.setAttribute("role", "status");
    progress.max = 100;
    state.append(progress, words);
    (form.querySelector(".submit-row") ?? form).before(state);
    return {
      say(text, percent) {
        words.textContent = text;
        if (percent === undefined) progress.removeAttribute("value");
        else progress.value = percent;
      },
      fail(text) {
        state.setAttribute("role", "alert");
        state.classList.add("errornote");
        state.textContent = text;
      },
    };
  };

  const lock = (form, isLocked) => {
    form.querySelectorAll("[type=submit]").forEach((button) => {
      button.disabled = isLocked;
    });
  };

  // The page of a refusal takes the place of this one, but for the files that were chosen.
  const show = (form, text) => {
    const answer = new DOMParser().parseFromString(text, "text/html").querySelector("#content-main");
    if (!answer) return false;
    const main = document.querySelector("#content-main");
    const chosen = [...form.querySelectorAll("[type=file]")];
    main.replaceWith(answer);
    chosen.forEach((old) => {
      const field = answer.querySelector(`[type=file][name="${old.name}"]`);
      if (field) field.files = old.files;
    });
    const wrong = answer.querySelector(".errornote, .errorlist");
    wrong?.setAttribute("tabindex", "-1");
    wrong?.focus();
    return true;
  };

  const send = (form, button) => {
    const data = new FormData(form, button);
    const { say, fail } = bar(form);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("X-Upload", "1");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const percent = Math.floor((loaded / total) * 100);
      say(percent < 100 ? `Subiendo el archivo: ${percent} %` : "Leyendo el archivo…", percent < 100 ? percent : undefined);
    });
    request.addEventListener("load", () => {
      const there = request.getResponseHeader("X-Location");
      if (there) location.assign(there);
      else if (new URL(request.responseURL).pathname !== new URL(form.action).pathname) location.assign(request.responseURL);
      else if (!show(form, request.responseText)) {
        const said = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main p, #content p");
        fail(`No se pudo cargar (${request.status}). ${said?.textContent.trim() ?? ""}`);
        lock(form, false);
      }
    });
    request.addEventListener("error", () => {
      fail(NO_ANSWER);
      lock(form, false);
    });
    say("Subiendo el archivo…");
    lock(form, true);
    request.send(data);
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.matches("[data-upload]") && [...form.querySelectorAll("[type=file]")].some((field) => field.files.length)) {
      event.preventDefault();
      send(form, event.submitter);
    } else if (form.matches("[data-slow]")) {
      bar(form).say(form.dataset.slow);
      setTimeout(() => lock(form, true)); // the button that was pressed is sent too
    }
  });

  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    document.querySelectorAll(".upload-state").forEach((state) => state.remove());
    document.querySelectorAll("[data-upload], [data-slow]").forEach((form) => lock(form, false));
  });
})();
