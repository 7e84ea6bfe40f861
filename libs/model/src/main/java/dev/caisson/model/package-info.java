@NullMarked
package dev.caisson.model;

import org.jspecify.annotations.NullMarked;
