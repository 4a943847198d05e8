// A brand keeps values apart that have the same representation but must never be mixed, such as a host name and a key.
// Only the parser or maker of a branded type may give the brand.

declare const brand: unique symbol;

export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
