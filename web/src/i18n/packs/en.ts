import chat from "../../../locales/en/chat.ftl?raw";
import common from "../../../locales/en/common.ftl?raw";
import door from "../../../locales/en/door.ftl?raw";

export default [common, door, chat].join("\n");
