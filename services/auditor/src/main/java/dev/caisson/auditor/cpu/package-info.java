/** Whom the CPU time of a sandbox is charged to: exactly, and without any total ever falling. */
@NullMarked
package dev.caisson.auditor.cpu;

import org.jspecify.annotations.NullMarked;
