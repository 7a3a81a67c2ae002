/* The bytes of an object that Python gave, once it is sure that a stretch lies within them. */
#ifndef HAMAPROTO_KERNEL_WITHIN_H
#define HAMAPROTO_KERNEL_WITHIN_H

#include <Python.h>

/* Where the bytes of `data` begin; NULL with an exception set if data[pos:end] is not all there.
   Only `bytes` and `bytearray` lie still while somebody reads them. */
static inline const unsigned char *hama_within(PyObject *data, Py_ssize_t pos, Py_ssize_t end)
{
    const char *view;
    Py_ssize_t size;

    if (PyBytes_Check(data)) {
        view = PyBytes_AS_STRING(data);
        size = PyBytes_GET_SIZE(data);
    } else if (PyByteArray_Check(data)) {
        view = PyByteArray_AS_STRING(data);
        size = PyByteArray_GET_SIZE(data);
    } else {
        PyErr_Format(PyExc_TypeError, "bytes or bytearray, not %s", Py_TYPE(data)->tp_name);
        return NULL;
    }
    if (pos < 0 || end > size) {
        PyErr_Format(PyExc_IndexError, "[%zd:%zd] of %zd bytes", pos, end, size);
        return NULL;
    }
    return (const unsigned char *)view;
}

#endif
