/** Errors, which the D-Bus library finds by the names that they have on the bus. */
@NullMarked
package org.freedesktop.systemd1;

import org.jspecify.annotations.NullMarked;
