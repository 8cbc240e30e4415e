#include "tasks/word_table.h"

#include "base/error.h"
#include "base/mem.h"

enum { MAX_TABLE_BYTES = 4 << 20 };

static void parse(mote_word_table *t) {
    size_t n_words = 0;
    for (size_t at = 0; at < t->text.len;) {
        size_t end = at;
        while (end < t->text.len && t->text.data[end] != '\n')
            end++;
        mote_word_group group = {t->words + n_words, 0};
        while (at < end && t->text.data[at] != '#') {
            size_t begin = at;
            while (at < end && !strchr(" \t\r#", t->text.data[at]))
                at++;
            if (at > begin) {
                for (size_t i = begin; i < at; i++)
                    t->text.data[i] = t->text.data[i] == '_' ? ' ' : t->text.data[i];
                group.words[group.n++] = (mote_str){t->text.data + begin, at - begin};
            } else if (t->text.data[at] != '#') {
                at++;
            }
        }
        n_words += group.n;
        if (group.n)
            t->groups[t->n++] = group;
        at = end + 1;
    }
}

mote_status mote_word_table_read(mote_word_table *table, const mote_task *task, const char *file, mote_error *err) {
    *table = (mote_word_table){0};
    mote_buffer_init(&table->text, MAX_TABLE_BYTES);
    mote_status status = mote_task_read(task, file, &table->text, err);
    if (status == MOTE_ERR_NOT_FOUND) {
        if (err)
            *err = (mote_error){0};
        return MOTE_OK;
    }
    if (status == MOTE_OK) { /* a word and what is behind it take two bytes at least */
        table->words = mote_mem_alloc_array(table->text.len / 2 + 1, sizeof *table->words);
        table->groups = mote_mem_alloc_array(table->text.len / 2 + 1, sizeof *table->groups);
        if (!table->words || !table->groups)
            status = mote_error_alloc(err, table->text.len * sizeof *table->words);
    }
    if (status == MOTE_OK)
        parse(table);
    else
        mote_word_table_deinit(table);
    return status;
}

void mote_word_table_deinit(mote_word_table *table) {
    mote_buffer_deinit(&table->text);
    mote_mem_free(table->words);
    mote_mem_free(table->groups);
    *table = (mote_word_table){0};
}

bool mote_word_group_has(const mote_word_group *group, mote_str word) {
    for (size_t i = 0; i < group->n; i++)
        if (mote_str_equal(group->words[i], word))
            return true;
    return false;
}
