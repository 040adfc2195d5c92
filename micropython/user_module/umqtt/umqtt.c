// What the native part of umqtt, which is Rust, gets from a MicroPython that it is linked into: names, functions, and
// the module `_umqtt`, by which umqtt.simple2 and umqtt._link get their native parts when they are imported.

#include <stddef.h>
#include <string.h>

#include "py/gc.h"
#include "py/nativeglue.h"
#include "py/objmodule.h"
#include "py/runtime.h"
#include "py/stream.h"

#if (MICROPY_OBJ_REPR != MICROPY_OBJ_REPR_A && MICROPY_OBJ_REPR != MICROPY_OBJ_REPR_C) || MICROPY_DEBUG_MP_OBJ_SENTINELS
#error "umqtt is not made for this representation of objects"
#endif
#if !MICROPY_EMIT_BYTECODE_USES_QSTR_TABLE
#error "umqtt needs a MicroPython that has frozen modules"
#endif

// The places of mp.rs.
_Static_assert(offsetof(mp_fun_table_t, make_function_from_proto_fun) == 26 * sizeof(void *), "another mp_fun_table_t");
_Static_assert(offsetof(mp_fun_table_t, get_stream_raise) == 66 * sizeof(void *), "another mp_fun_table_t");
_Static_assert(offsetof(mp_obj_type_t, slot_index_call) == sizeof(void *) + 6, "another mp_obj_type_t");
_Static_assert(offsetof(mp_obj_type_t, slot_index_attr) == sizeof(void *) + 9, "another mp_obj_type_t");
_Static_assert(offsetof(mp_obj_type_t, slots) == sizeof(void *) + 16, "another mp_obj_type_t");

// Not constant: a constant is in flash, which the ESP8266 does not read by halves of words.
static qstr_short_t names[] = {
    MP_QSTR__umqtt,
    #include "names.h"
};

// A function of the native part.
typedef struct {
    mp_obj_base_t base;
    const mp_module_context_t *context;
    mp_call_fun_t code;
} function_t;

static mp_obj_t call(mp_obj_t function, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    return ((function_t *)MP_OBJ_TO_PTR(function))->code(function, n_args, n_kw, args);
}

static MP_DEFINE_CONST_OBJ_TYPE(mp_type_umqtt_function, MP_QSTR_function, MP_TYPE_FLAG_BINDS_SELF, call, call);

static mp_obj_t new_function(const mp_module_context_t *context, mp_call_fun_t code) {
    function_t *function = mp_obj_malloc(function_t, &mp_type_umqtt_function);
    function->context = context;
    function->code = code;
    return MP_OBJ_FROM_PTR(function);
}

static mp_obj_t make_function(mp_proto_fun_t raw_code, const mp_module_context_t *context, const mp_obj_t *defaults) {
    (void)defaults;
    return new_function(context, (mp_call_fun_t)((const mp_raw_code_t *)raw_code)->fun_data);
}

static mp_uint_t from_object(mp_obj_t object, mp_uint_t type) {
    (void)type;
    return mp_obj_get_int_truncated(object);
}

static mp_obj_t to_object(mp_uint_t name, mp_uint_t type) {
    (void)type;
    return MP_OBJ_NEW_QSTR(name);
}

static mp_obj_dict_t *swap_globals(mp_obj_dict_t *globals) {
    mp_obj_dict_t *before = mp_globals_get();
    mp_globals_set(globals);
    return before;
}

static mp_obj_t call_function(mp_obj_t function, size_t n_args_kw, const mp_obj_t *args) {
    return mp_call_function_n_kw(function, n_args_kw & 0xff, n_args_kw >> 8, args);
}

static mp_obj_t iterate(mp_obj_t iterable, mp_obj_iter_buf_t *iteration) {
    iteration->buf[0] = mp_getiter(iterable, NULL);
    return MP_OBJ_NULL;
}

static mp_obj_t next(mp_obj_iter_buf_t *iteration) {
    return mp_iternext(iteration->buf[0]);
}

static void raise_object(mp_obj_t exception) {
    nlr_raise(mp_make_raise_obj(exception));
}

// What mp.rs uses of MicroPython's own table, which is not there when the firmware does not load native code.
const mp_fun_table_t umqtt_table = {
    .const_none = mp_const_none,
    .const_false = mp_const_false,
    .const_true = mp_const_true,
    .native_from_obj = from_object,
    .native_to_obj = to_object,
    .swap_globals = swap_globals,
    .load_global = mp_load_global,
    .load_attr = mp_load_attr,
    .load_method = mp_load_method,
    .store_global = mp_store_global,
    .store_attr = mp_store_attr,
    .obj_subscr = mp_obj_subscr,
    .obj_is_true = mp_obj_is_true,
    .binary_op = mp_binary_op,
    .new_tuple = mp_obj_new_tuple,
    .make_function_from_proto_fun = make_function,
    .call_function_n_kw = call_function,
    .call_method_n_kw = mp_call_method_n_kw,
    .getiter = iterate,
    .iternext = next,
    .raise = raise_object,
    .realloc_ = gc_realloc,
    .obj_new_bytes = mp_obj_new_bytes,
    .obj_new_bytearray_by_ref = mp_obj_new_bytearray_by_ref,
    .load_method_maybe = mp_load_method_maybe,
    .get_buffer = mp_get_buffer,
    .get_stream_raise = mp_get_stream_raise,
};

// The native parts: each leaves `_install` in the globals of the module that is being imported.
mp_obj_t umqtt_simple2(mp_obj_t function, size_t n_args, size_t n_kw, const mp_obj_t *args);
mp_obj_t umqtt_link(mp_obj_t function, size_t n_args, size_t n_kw, const mp_obj_t *args);

// The context is in the heap, where its functions hold it: nothing is left of it after a soft reset.
static mp_obj_t begin(mp_call_fun_t part) {
    mp_module_context_t *context = m_new0(mp_module_context_t, 1);
    context->module.base.type = &mp_type_module;
    context->module.globals = mp_globals_get();
    context->constants.qstr_table = names;
    return part(new_function(context, part), 0, 0, NULL);
}

static mp_obj_t begin_simple2(void) {
    return begin(umqtt_simple2);
}
static MP_DEFINE_CONST_FUN_OBJ_0(begin_simple2_obj, begin_simple2);

static mp_obj_t begin_link(void) {
    return begin(umqtt_link);
}
static MP_DEFINE_CONST_FUN_OBJ_0(begin_link_obj, begin_link);

static const mp_rom_map_elem_t module_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__umqtt) },
    { MP_ROM_QSTR(MP_QSTR_simple2), MP_ROM_PTR(&begin_simple2_obj) },
    { MP_ROM_QSTR(MP_QSTR__link), MP_ROM_PTR(&begin_link_obj) },
};
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t mp_module_umqtt = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&module_globals,
};

MP_REGISTER_MODULE(MP_QSTR__umqtt, mp_module_umqtt);

#ifdef __arm__
// What Rust's compiler calls for copies on ARM, for a firmware whose C library does not have it.
#define COPY(name) \
    __attribute__((weak)) void name(void *to, const void *from, size_t count); \
    void name(void *to, const void *from, size_t count) { memcpy(to, from, count); }
#define CLEAR(name) \
    __attribute__((weak)) void name(void *to, size_t count); \
    void name(void *to, size_t count) { memset(to, 0, count); }
COPY(__aeabi_memcpy)
COPY(__aeabi_memcpy4)
COPY(__aeabi_memcpy8)
CLEAR(__aeabi_memclr)
CLEAR(__aeabi_memclr4)
CLEAR(__aeabi_memclr8)
#endif
