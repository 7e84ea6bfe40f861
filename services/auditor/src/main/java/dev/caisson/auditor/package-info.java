@NullMarked
package dev.caisson.auditor;

import org.jspecify.annotations.NullMarked;
