/** The unprivileged service that speaks to callers: no root, no capability, no system calls. */
@NullMarked
package dev.caisson.gateway;

import org.jspecify.annotations.NullMarked;
