/* The effective configuration, and the manual of all settings. */
#include "ops/config_load.h"

#include <string.h>

static void add_value(const struct config *config, const struct config_setting *s,
                      enum config_style style, struct text *out)
{
    s->type->print(s, config_field_const(config, s), style, out);
}

/* "  brokers: 127.0.0.1:9092"; a section's heading before its first key. */
static void add_yaml_key(const struct config_setting *s, const char **section, struct text *out)
{
    bool is_new = s->section != NULL && (*section == NULL || strcmp(*section, s->section) != 0);
    if (is_new) {
        text_add(out, "%s:\n", s->section);
        *section = s->section;
    }
    text_add(out, "%s%s: ", s->section == NULL ? "" : "  ", s->key);
}

void config_show(const struct config *config, struct text *out)
{
    const char *section = NULL;
    text_add(out, "# %s\n", config->file == NULL ? "no file was read" : config->file);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        add_yaml_key(s, &section, out);
        size_t start = out->size;
        while (start > 0 && out->bytes[start - 1] != '\n') {
            start--;
        }
        add_value(config, s, CONFIG_STYLE_yaml, out);
        size_t width = out->size - start;
        text_add(out, "%*s# %s\n", width < 48 ? (int)(48 - width) : 2, "", config->origins[id]);
    }
}

void config_show_json(const struct config *config, struct text *out)
{
    text_add(out, "{");
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        text_add(out, "%s\n  \"%s\": {\"value\": ", id == 0 ? "" : ",", s->name);
        add_value(config, s, CONFIG_STYLE_json, out);
        text_add(out, ", \"origin\": ");
        text_add_json(out, config->origins[id]);
        text_add(out, "}");
    }
    text_add(out, "\n}\n");
}

static const char *section_help(const char *section)
{
#define S(name, rows, help)                                                                        \
    if (strcmp(section, #name) == 0) {                                                             \
        return help;                                                                               \
    }
    CONFIG_SECTIONS(S)
#undef S
    return "";
}

void config_manual(struct text *out)
{
    struct config config;
    const char *section = NULL;
    config_init(&config);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        const char *indent = s->section == NULL ? "" : "  ";
        if (s->section != NULL && (section == NULL || strcmp(section, s->section) != 0)) {
            text_add(out, "\n# %s\n%s:\n", section_help(s->section), s->section);
            section = s->section;
        }
        text_add(out, "%s# %s\n%s# ", indent, s->help, indent);
        s->type->describe(s, out);
        text_add(out, "\n%s%s: ", indent, s->key);
        add_value(&config, s, CONFIG_STYLE_yaml, out);
        text_add(out, "\n");
    }
    config_deinit(&config);
}

static void add_markdown_row(const struct config *config, const struct config_setting *s,
                             struct text *out)
{
    text_add(out, "| `%s` | `", s->name);
    add_value(config, s, CONFIG_STYLE_yaml, out);
    text_add(out, "` | ");
    s->type->describe(s, out);
    text_add(out, " | %s%s |\n", s->help,
             s->secrecy == CONFIG_SECRECY_url || s->secrecy == CONFIG_SECRECY_all
                 ? " Also as a `_file`."
                 : "");
}

static const char markdown_head[] =
    "# Configuration\n\n"
    "<!-- Made by `candled config reference --markdown`; change ops/config_table.h instead. -->\n\n"
    "Values come from four places, each replacing the ones before it:\n\n"
    "1. the defaults below (`candled run` has a few of its own);\n"
    "2. a YAML file: `--config FILE`, else `candled.yaml` in the current folder, else\n"
    "   `/etc/candled/candled.yaml`;\n"
    "3. the environment: `CANDLED_SECTION__KEY`, as in `CANDLED_KAFKA__BROKERS`; "
    "`CANDLED_DATA_DIR` and\n"
    "   `CANDLED_SYMBOLS` at the top level; lists are parted by commas;\n"
    "4. `--set section.key=value`, as often as needed; the last one wins.\n\n"
    "`candled config show` prints what holds, and where each value came from; `candled config "
    "check`\n"
    "says whether it is valid. A mistake names the file, the line and the key, and candled exits "
    "with 2\n"
    "before anything starts.\n\n"
    "Secrets need not stand in the file: `redis.url_file`, `redis.password_file`, `mongo.uri_file` "
    "and so\n"
    "on name a file whose content, without the newline at its end, is the value. Entries of\n"
    "`kafka.properties` know this too (`sasl.password_file`). In the environment an entry is "
    "written with\n"
    "underscores for points: `CANDLED_KAFKA__PROPERTIES__SECURITY_PROTOCOL=sasl_ssl`; or all of "
    "them at\n"
    "once: `CANDLED_KAFKA__PROPERTIES='{security.protocol: sasl_ssl}'`.\n";

void config_manual_markdown(struct text *out)
{
    struct config config;
    const char *section = "";
    config_init(&config);
    text_add(out,
             "%s\n## Top level\n\n| setting | default | value | what it does |\n"
             "| --- | --- | --- | --- |\n",
             markdown_head);
    for (enum config_id id = 0; id < CONFIG_COUNT; id++) {
        const struct config_setting *s = config_setting(id);
        if (s->section != NULL && strcmp(section, s->section) != 0) {
            section = s->section;
            text_add(out,
                     "\n## %s\n\n%s\n\n| setting | default | value | what it does |\n"
                     "| --- | --- | --- | --- |\n",
                     section, section_help(section));
        }
        add_markdown_row(&config, s, out);
    }
    config_deinit(&config);
}
