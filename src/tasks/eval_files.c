#include "tasks/eval_files.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/places.h"

enum { MAX_FILE_BYTES = 512 << 20 };

char *mote_eval_path(const char *folder, const char *file) {
    return mote_places_join(folder, file, "");
}

bool mote_eval_has(const char *folder, const char *file) {
    char *path = mote_eval_path(folder, file);
    bool has = path && mote_file_exists(path);
    mote_mem_free(path);
    return has;
}

mote_status mote_lines_read(mote_lines *lines, const char *folder, const char *file, mote_error *err) {
    *lines = (mote_lines){0};
    mote_buffer_init(&lines->bytes, MAX_FILE_BYTES);
    char *path = mote_eval_path(folder, file);
    mote_status status = path ? mote_file_read(path, &lines->bytes, err) : mote_error_alloc(err, strlen(file));
    mote_mem_free(path);
    size_t n = 1;
    for (size_t i = 0; i < lines->bytes.len; i++)
        n += lines->bytes.data[i] == '\n';
    if (status == MOTE_OK && !(lines->items = mote_mem_alloc_array(n, sizeof *lines->items)))
        status = mote_error_alloc(err, n * sizeof *lines->items);
    for (size_t begin = 0, i = 0; status == MOTE_OK && i <= lines->bytes.len; i++) {
        if (i < lines->bytes.len && lines->bytes.data[i] != '\n')
            continue;
        size_t end = i > begin && lines->bytes.data[i - 1] == '\r' ? i - 1 : i;
        if (i < lines->bytes.len || end > begin)
            lines->items[lines->n++] = (mote_str){lines->bytes.data + begin, end - begin};
        begin = i + 1;
    }
    if (status != MOTE_OK)
        mote_lines_deinit(lines);
    return status;
}

void mote_lines_deinit(mote_lines *lines) {
    mote_buffer_deinit(&lines->bytes);
    mote_mem_free(lines->items);
    *lines = (mote_lines){0};
}

size_t mote_cells(mote_str line, char separator, mote_str *cells, size_t most) {
    size_t n = 0, begin = 0;
    for (size_t i = 0; i <= line.len && n < most; i++)
        if (i == line.len || (line.data[i] == separator && n + 1 < most)) {
            cells[n++] = (mote_str){line.data + begin, i - begin};
            begin = i + 1;
        }
    return n;
}

/* A cell in quotes that begins at `at`: its text, moved together; *at goes behind the closing quote. */
static mote_str unquote(mote_buffer *text, size_t *at) {
    char *out = text->data + *at, *to = out;
    size_t i = *at + 1;
    for (; i < text->len; i++) {
        if (text->data[i] == '"') {
            if (i + 1 == text->len || text->data[i + 1] != '"')
                break;
            i++;
        }
        *to++ = text->data[i];
    }
    *at = i < text->len ? i + 1 : text->len;
    return (mote_str){out, (size_t)(to - out)};
}

size_t mote_csv_row(mote_buffer *text, size_t *at, mote_str *cells, size_t most) {
    size_t n = 0;
    while (*at < text->len && n < most) {
        size_t begin = *at;
        bool is_quoted = text->data[*at] == '"';
        mote_str cell = is_quoted ? unquote(text, at) : MOTE_STR("");
        while (*at < text->len && !strchr(",\r\n", text->data[*at]))
            ++*at;
        cells[n++] = is_quoted ? cell : (mote_str){text->data + begin, *at - begin};
        if (*at == text->len || text->data[*at] != ',')
            break;
        ++*at;
    }
    while (*at < text->len && strchr("\r\n", text->data[*at]))
        ++*at;
    return n;
}
