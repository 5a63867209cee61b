"""Why a file could not be read or written. No Django: a child process of an import uses it too."""

import errno

_REASONS = {
    errno.ENOSPC: "no queda lugar en el disco",
    errno.EDQUOT: "se llenó el cupo de disco",
    errno.EROFS: "el disco es de solo lectura",
    errno.EACCES: "no hay permiso",
    errno.EPERM: "no hay permiso",
    errno.EIO: "el disco falla",
}


def reason_of(error: OSError) -> str:
    """Why a file could not be read or written, in Spanish where the reason is a common one."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)
