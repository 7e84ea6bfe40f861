/**
 * Who may do what: bindings of principals to roles in tenants, from a file that an operator writes,
 * and the check of every message against them.
 */
@NullMarked
package dev.caisson.gateway.access;

import org.jspecify.annotations.NullMarked;
