@NullMarked
package dev.caisson.events;

import org.jspecify.annotations.NullMarked;
