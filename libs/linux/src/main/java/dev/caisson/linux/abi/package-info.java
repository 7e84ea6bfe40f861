/**
 * The kernel's and the C library's binary interface: names, numbers, structures, and the one class
 * that calls. Nothing here decides anything.
 */
@NullMarked
package dev.caisson.linux.abi;

import org.jspecify.annotations.NullMarked;
