// The menu shows one call at a time; without this script all are on the page.
const menu = document.getElementById("menu");
const calls = [...document.querySelectorAll("section[id^=call-]")];

function show(id) {
	for (const section of calls)
		section.hidden = section.id !== id;
	menu.value = id;
}

function wanted() {
	const id = location.hash.slice(1);
	return calls.some((section) => section.id === id) ? id : calls[0].id;
}

function setAll(open) {
	for (const stage of document.querySelectorAll("section:not([hidden]) details.stage"))
		stage.open = open;
}

// The address names the call, so that it can be passed on.
menu.addEventListener("change", () => { show(menu.value); history.replaceState(null, "", "#" + menu.value); });
window.addEventListener("hashchange", () => show(wanted()));
document.getElementById("open").addEventListener("click", () => setAll(true));
document.getElementById("close").addEventListener("click", () => setAll(false));

// Paper cannot be opened, so what explains the call is open there; the stages print as the reader left them.
let opened = [];
window.addEventListener("beforeprint", () => {
	opened = [...document.querySelectorAll("details.extra:not([open])")]
		.filter((part) => !part.closest("[hidden]"));
	for (const part of opened)
		part.open = true;
});
window.addEventListener("afterprint", () => {
	for (const part of opened)
		part.open = false;
});

show(wanted());
