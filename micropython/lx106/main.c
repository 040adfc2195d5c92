// MicroPython on the CPU of the ESP8266, in QEMU: runs main.py of the folder that QEMU was started in.

#include <fcntl.h>
#include <string.h>

#include "py/builtin.h"
#include "py/compile.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "semihosting.h"

enum { STDOUT = 1, STDERR = 2 };

// A real board leaves a program about 36 KB; tests bring more along.
static char heap[HEAP_SIZE] __attribute__((aligned(16)));

extern char _stack_top[];

static void print_error(void *data, const char *text, size_t size) {
    write(STDERR, text, size);
}

static const mp_print_t errors = { NULL, print_error };

static NORETURN void end(const char *reason) {
    mp_print_str(&errors, reason);
    exit(2);
}

static void run(const char *path) {
    mp_lexer_t *lexer = mp_lexer_new_from_file(qstr_from_str(path));
    qstr name = lexer->source_name;
    mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
    mp_call_function_0(mp_compile(&tree, name, false));
}

static bool is_exit(mp_obj_t exception) {
    return mp_obj_is_subclass_fast(mp_obj_get_type(exception), &mp_type_SystemExit);
}

// As sys.exit() has it: nothing and 0 are a good end.
static int exit_status(mp_obj_t exception) {
    mp_obj_t value = mp_obj_exception_get_value(exception);
    mp_int_t status = 1;
    return value == mp_const_none ? 0 : mp_obj_get_int_maybe(value, &status) ? status : 1;
}

int main(void) {
    mp_cstack_init_with_top(_stack_top, 48 * 1024);
    gc_init(heap, heap + sizeof(heap));
    mp_init();
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        run("main.py");
        nlr_pop();
        exit(0);
    }
    mp_obj_t exception = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (is_exit(exception)) {
        exit(exit_status(exception));
    }
    mp_obj_print_exception(&errors, exception);
    exit(1);
}

void gc_collect(void) {
    // Registers that hold pointers go to the stack.
    __builtin_unwind_init();
    void *here = __builtin_frame_address(0);
    gc_collect_start();
    gc_collect_root(here, ((char *)_stack_top - (char *)here) / sizeof(void *));
    gc_collect_end();
}

void nlr_jump_fail(void *value) {
    end("an exception that nobody catches\n");
}

void mp_hal_stdout_tx_strn_cooked(const char *text, size_t size) {
    write(STDOUT, text, size);
}

mp_import_stat_t mp_import_stat(const char *path) {
    int file = open(path, O_RDONLY);
    if (file < 0) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    // A folder can be opened but not read.
    char byte;
    bool is_file = read(file, &byte, 1) >= 0;
    close(file);
    return is_file ? MP_IMPORT_STAT_FILE : MP_IMPORT_STAT_DIR;
}

// open(path, mode): the file as it is now, to be read.
static mp_obj_t open_file(size_t count, const mp_obj_t *arguments, mp_map_t *names) {
    int file = open(mp_obj_str_get_str(arguments[0]), O_RDONLY);
    if (file < 0) {
        mp_raise_OSError(MP_ENOENT);
    }
    vstr_t content;
    vstr_init(&content, 0);
    enum { PART = 256 };
    for (int size = PART; size > 0;) {
        size = read(file, vstr_add_len(&content, PART), PART);
        vstr_cut_tail_bytes(&content, PART - MAX(size, 0));
    }
    close(file);
    bool binary = count > 1 && strchr(mp_obj_str_get_str(arguments[1]), 'b') != NULL;
    if (binary) {
        return mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_bytesio), mp_obj_new_bytes_from_vstr(&content));
    }
    return mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_stringio), mp_obj_new_str_from_vstr(&content));
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 1, open_file);
