import sharp, { type Sharp } from 'sharp'

/** A photograph-like picture: noise, so that its bytes are as many as a camera's would be. */
export function photo(width: number, height: number, background = '#345'): Sharp {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  return sharp({ create: { width, height, channels: 3, background, noise } })
}

/** A picture of one colour. */
export function flat(width: number, height: number, background: string | object = '#345'): Sharp {
  return sharp({ create: { width, height, channels: 3, background } })
}
