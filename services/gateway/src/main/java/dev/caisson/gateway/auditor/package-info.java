/** The client of the auditor. */
@NullMarked
package dev.caisson.gateway.auditor;

import org.jspecify.annotations.NullMarked;
