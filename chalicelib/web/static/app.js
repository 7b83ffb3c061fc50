// htmx asks for the live part of a page every two seconds. This keeps it from asking for what the page has, and
// from asking at all while nobody looks, and shows whether it works. Popups close as people expect.
(() => {
  const tags = new WeakMap();
  const tell = (isLive) => {
    const live = document.getElementById("live");
    if (!live) return;
    const words = isLive ? "live" : "no connection";
    live.hidden = false;
    live.classList.toggle("lost", !isLive);
    if (live.lastChild.textContent !== words) live.lastChild.textContent = words;
  };

  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement, request } = event.detail.ctx;
    const tag = tags.get(sourceElement);
    if (document.hidden) event.preventDefault();
    else if (tag) request.headers["If-None-Match"] = tag;
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (response.status === 200) tags.set(sourceElement, response.headers.get("ETag"));
    tell(response.status < 400);
  });
  document.addEventListener("htmx:error", () => tell(false));

  document.documentElement.classList.add("js");
  document.addEventListener("click", async ({ target }) => {
    if (!target.dataset.copy) return;
    await navigator.clipboard.writeText(document.querySelector(target.dataset.copy).textContent);
    target.textContent = "Copied";
  });
  const popups = () => [...document.querySelectorAll("details.menu[open], details.narrowing[open]")];
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    for (const popup of popups()) {
      popup.open = false;
      popup.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const left = popups().filter((popup) => !popup.contains(event.target));
    for (const popup of left) popup.open = false;
    const isByMouse = event.detail > 0;
    if (!left.length || !isByMouse || event.target.closest("summary")) return;
    event.preventDefault(); // it meant the popup, not the mail beneath the pointer
    event.stopPropagation();
  }, true);
  if (document.querySelector("[hx-get]")) tell(true);
})();
