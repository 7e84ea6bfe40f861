@NullMarked
package dev.caisson.broker;

import org.jspecify.annotations.NullMarked;
