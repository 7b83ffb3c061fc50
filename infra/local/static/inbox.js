// Shows new mails without a reload, and empties the inbox. The page works without this file.
const list = document.getElementById("mails");
const empty = document.getElementById("empty");
let etag = "";

async function refresh() {
  const answer = await fetch(location.href, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
  if (answer.status !== 200) return;
  const isFirst = etag === "";
  etag = answer.headers.get("ETag");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const news = page.getElementById("mails");
  if (isFirst && news.innerHTML === list.innerHTML) return;
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  list.replaceChildren(...news.childNodes);
  document.getElementById("count").textContent = page.getElementById("count").textContent;
  document.title = page.title;
  empty.hidden = !list.querySelector("li");
  if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

async function watch() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    // the local installation is stopped; it may come back
  }
  setTimeout(watch, 1500);
}

empty.hidden = !list.querySelector("li");
empty.addEventListener("click", async () => {
  if (!confirm("Empty the inbox? Its mails are deleted for good.")) return;
  await fetch("/inbox/messages", { method: "DELETE" });
  await refresh();
});
watch();
